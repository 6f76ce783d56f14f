"""A message's header as mail flow rules read and change it: fields as octets, those that nobody changes stay. Pure."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any, TypeVar

from transport.model.address import Address, InvalidAddress
from transport.rules import address_list
from transport.rules.headers import charset
from transport.rules.pattern_match import words_of

T = TypeVar("T")

MAX_TEXT = 8_192
"""Characters of a field that are looked at."""
MAX_SAME = 200
"""Fields of one name that are looked at; a header with more is none that a mail program wrote."""
MAX_SHOWN = 10
"""Subjects at either end of a header with more, one of which a program shows."""
MAX_ADDRESSES = 2_000
"""Of all fields of one name, where addresses are read."""
MAX_ADDRESS_OCTETS = 65_536
MAX_SENDER_OCTETS = 8_192
"""The same of fields that name one address, or a few."""
_OF_SENDERS = frozenset(("from", "sender"))
_END = re.compile(rb"\r\n(?![ \t])")  # RFC 5322 2.2.3
_NAME = re.compile(rb"([!-9;-~]++)[ \t]*+:")
_WORD = re.compile(r"=\?([^?*\s]{1,40})(?:\*[^?\s]{0,20})?\?([bBqQ])\?([^?]*)\?=")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]+")  # UTF-7 decodes to halves of pairs, which nothing stores
LOOP = "X-Mailconsole-Rules-Loop"


class NotKnown(Exception):
    """What a condition asks for can't be known (law 6); ``str()`` is a sentence that says why."""


class HeaderFields:
    """``octets`` have CRLF line ends and no empty line. Changed by its methods; ``is_changed`` says so."""

    def __init__(self, octets: bytes) -> None:
        self._fields = _split(octets)
        self._by_name: dict[str, list[bytes]] = {}
        for name, field in self._fields:
            self._by_name.setdefault(name, []).append(field)
        self._texts: dict[str, list[str]] = {}
        self._words: dict[str, frozenset[str]] = {}
        self._is_cut: dict[str, bool] = {}
        self._made: dict[str, Any] = {}
        self._addresses: dict[str, list[Address] | None] = {}
        self.is_changed = False

    def __bytes__(self) -> bytes:
        return b"".join(octets for _, octets in self._fields)

    def has(self, name: str) -> bool:
        return bool(self._by_name.get(name.lower()))

    def raw(self, name: str) -> list[bytes]:
        """The values of the fields of that name, unfolded (RFC 5322 2.2.3)."""
        return [_value(octets) for octets in self._by_name.get(name.lower(), ())]

    def texts(self, name: str) -> list[str]:
        """The same, decoded at best effort, on one line and bounded. Raises NotKnown."""
        found = self._texts.get(name.lower())
        if found is None:
            values = self.raw(name)
            if len(values) > MAX_SAME:
                raise NotKnown(f"There are {len(values):,} fields {name}.")
            found = self._texts[name.lower()] = [decoded(value) for value in values]
        return found

    def is_cut(self, name: str) -> bool:
        """Whether a field of that name is longer than what ``texts`` has of it."""
        found = self._is_cut.get(name.lower())
        if found is None:
            long = [value for value in self.raw(name) if len(value) > MAX_TEXT]
            found = any(len(value) > 4 * MAX_TEXT or len(_read(value)) > MAX_TEXT for value in long)
            self._is_cut[name.lower()] = found
        return found

    def words(self, name: str) -> frozenset[str]:
        """Of all ``texts``, as ``pattern_match.Words`` asks for them. Raises NotKnown."""
        found = self._words.get(name.lower())
        if found is None:
            found = self._words[name.lower()] = words_of(self.texts(name))
        return found

    def once(self, key: str, make: Callable[[HeaderFields], T]) -> T:
        """What is made of the whole header, remembered until it changes."""
        if key not in self._made:
            self._made[key] = make(self)
        found: T = self._made[key]
        return found

    def _changed(self, name: str, octets: list[bytes]) -> None:
        """The fields of that name are those now. What is remembered of others stays: rules may change the header in
        turn with reading it."""
        self.is_changed = True
        self._by_name[name.lower()] = octets
        self._made.clear()
        for known in (self._texts, self._words, self._is_cut, self._addresses):
            known.pop(name.lower(), None)

    def addresses(self, name: str) -> list[Address] | None:
        """Of all fields of that name; None where one can't be read for certain."""
        if name.lower() not in self._addresses:
            self._addresses[name.lower()] = self._read_addresses(name)
        return self._addresses[name.lower()]

    def _read_addresses(self, name: str) -> list[Address] | None:
        found: list[Address] = []
        values = self.raw(name)
        most = MAX_SENDER_OCTETS if name.lower() in _OF_SENDERS else MAX_ADDRESS_OCTETS
        if len(values) > MAX_SAME or sum(map(len, values)) > most:
            return None
        if sum(value.count(b",") + value.count(b";") for value in values) >= MAX_ADDRESSES:
            return None
        try:
            for value in values:
                found += address_list.parse(value.decode("utf-8", "replace"), are_groups_allowed=True)
        except (InvalidAddress, ValueError):
            return None
        return found

    def remove(self, name: str) -> None:
        wanted = name.lower()
        if self._by_name.get(wanted):
            self._fields = [field for field in self._fields if field[0] != wanted]
            self._changed(name, [])

    def set(self, name: str, text: str) -> None:
        """One field of that name, in the place of the first there was, else before all others: a line that is no field
        ends the header for some."""
        wanted = name.lower()
        made = f"{name}: {encoded(text)}\r\n".encode("ascii")
        there = self._by_name.get(wanted) or []
        if there:
            self._fields[self._fields.index((wanted, there[0]))] = (wanted, made)
        else:
            self._fields.insert(0, (wanted, made))
        if len(there) > 1:
            kept = (field for field in self._fields if field[0] != wanted or field[1] is made)
            self._fields = list(kept)
        self._changed(name, [made])

    def prepend_subject(self, text: str) -> None:
        """Put ``text`` and a space before the subject, unless it begins with it; the rest of the field stays. Before
        each, where there are several: programs show the first or the last; of very many, before those."""
        places = [i for i, (name, _) in enumerate(self._fields) if name == "subject"]
        if not places:
            self.set("Subject", text)
        shown = dict.fromkeys((*places[:MAX_SHOWN], *places[-MAX_SHOWN:]))
        changed = [self._prepend(at, text) for at in shown]
        if any(changed):
            self._changed("subject", [octets for name, octets in self._fields if name == "subject"])

    def _prepend(self, at: int, text: str) -> bool:
        """Whether it was not there yet."""
        octets = self._fields[at][1]
        if decoded(_value(octets)).startswith(text):
            return False
        begin = octets.index(b":") + 1
        rest = octets[begin:].lstrip(b" \t")
        # RFC 2047 6.2: a space between encoded words is not shown, so that one is part of ours.
        put = text.encode() if text.isascii() else encoded(f"{text} ").encode("ascii")
        fold = b"\r\n " if len(put) + len(rest.partition(b"\r\n")[0]) > 900 and not rest.startswith(b"\r\n") else b" "
        between = b"" if rest.startswith(b"\r\n") else fold
        self._fields[at] = ("subject", octets[:begin] + b" " + put + between + rest)
        return True

    def add_address(self, name: str, *addresses: Address) -> None:
        """Name the addresses in the first field of that name too, those that none names."""
        known = self.addresses(name)
        keys = {one.key for one in known or ()}
        new = list({one.key: one for one in addresses if one.key not in keys}.values())
        if not new:
            return
        wanted = name.lower()
        said = b",\r\n\t".join(f"<{one}>".encode() for one in new)
        there = self._by_name.get(wanted) or []
        if there:
            made = _joined(there[0].rstrip(b" \t\r\n"), said)
            self._fields[self._fields.index((wanted, there[0]))] = (wanted, made)
        else:
            made = name.encode() + b": " + said + b"\r\n"
            self._fields.insert(0, (wanted, made))
        self._changed(name, [made, *there[1:]])
        self._addresses[wanted] = None if known is None else [*known, *new]


def _joined(octets: bytes, said: bytes) -> bytes:
    """A field that names some, and those that are ``said``."""
    is_empty = not _value(octets).strip()
    joint = b" " if is_empty else b"\r\n\t" if octets.endswith(b",") else b",\r\n\t"
    return octets + joint + said + b"\r\n"


def _split(octets: bytes) -> list[tuple[str, bytes]]:
    """Names in lower case, empty for lines that are no field, with the octets of each; together they are all."""
    ends = [match.end() for match in _END.finditer(octets)]
    if not ends or ends[-1] < len(octets):
        ends.append(len(octets))
    at, fields = 0, []
    for end in ends:
        field = octets[at:end]
        match = _NAME.match(field)
        fields.append((match[1].decode("ascii").lower() if match else "", field))
        at = end
    return fields if octets else []


def _value(octets: bytes) -> bytes:
    return octets.partition(b":")[2].replace(b"\r\n", b"").strip(b" \t")


def decoded(value: bytes) -> str:
    """RFC 2047 encoded words decoded, one that can't be as it stands; at most MAX_TEXT characters, without controls."""
    return _CONTROL.sub(" ", _read(value)[:MAX_TEXT]).strip()


def _read(value: bytes) -> str:
    text = value[: 4 * MAX_TEXT].decode("utf-8", "replace")
    return _without_words(text) if "=?" in text else text


def _without_words(text: str) -> str:
    """One pass: Python's own reader goes over the text again for each word that does not end."""
    pieces: list[str] = []
    at, name, octets = 0, "", b""
    for match in _WORD.finditer(text):
        found = _octets(match)
        if found is None:
            continue
        between = text[at : match.start()]
        if name and (between.strip() or match[1].lower() != name):  # RFC 2047 6.2: a space between words is not shown
            pieces.append(_characters(octets, name))
            octets = b""
        if not name or between.strip():
            pieces.append(between)
        at, name, octets = match.end(), match[1].lower(), octets + found
    return "".join([*pieces, _characters(octets, name), text[at:]])


def _octets(word: re.Match[str]) -> bytes | None:
    try:
        charset(word[1])
        said = word[3].encode("ascii", "replace")
        if word[2] in "bB":
            return binascii.a2b_base64(said + b"=" * (-len(said) % 4))
        return binascii.a2b_qp(said, header=True)
    except (binascii.Error, LookupError):
        return None


def _characters(octets: bytes, name: str) -> str:
    try:
        return octets.decode(charset(name), "replace") if octets else ""
    except (LookupError, ValueError):
        return octets.decode("latin-1")


def encoded(text: str) -> str:
    """As it may stand in a header (RFC 2047 2): each encoded word at most 75 octets, in whole characters."""
    if text.isascii():
        return text
    words: list[str] = []
    part = ""
    for character in text:
        if len((part + character).encode()) > 39:
            words.append(part)
            part = ""
        part += character
    return "\r\n ".join(f"=?utf-8?B?{base64.b64encode(one.encode()).decode()}?=" for one in [*words, part])
