"""A line of a protocol log, as Exchange writes it. Pure. What came over the wire cannot break out of its field."""

from __future__ import annotations

import csv
import re
import unicodedata
from dataclasses import astuple, dataclass, fields
from datetime import UTC, datetime
from enum import StrEnum

MAX_TEXT = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_STRANGE = re.compile(r"[^\x20-\x7e]")
_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_VERBS = (
    "EHLO|HELO|MAIL|RCPT|DATA|BDAT|RSET|NOOP|VRFY|EXPN|HELP|QUIT|STARTTLS|AUTH|XCLIENT"  # whatever else is no command
)
_COMMAND = re.compile(rf"({_VERBS})(?: .*)?", re.IGNORECASE | re.DOTALL)
_MECHANISM = re.compile(r"PLAIN|LOGIN|NTLM|GSSAPI|EXTERNAL|XOAUTH2|OAUTHBEARER|(CRAM|DIGEST|SCRAM)-[A-Z0-9-]{1,16}")


class Mark(StrEnum):
    """What a line tells of."""

    CONNECT = "+"
    DISCONNECT = "-"
    SEND = ">"
    RECEIVE = "<"
    NOTE = "*"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Mark.CONNECT: "The session began.",
    Mark.DISCONNECT: "The session ended.",
    Mark.SEND: "We said it.",
    Mark.RECEIVE: "The other side said it.",
    Mark.NOTE: "What we noted about the session.",
}


@dataclass(frozen=True, slots=True)
class Row:
    """Exchange's fields. ``date_time`` is ISO 8601 in UTC; ``data`` and ``context`` are texts without line ends."""

    date_time: str
    connector_id: str
    session_id: str
    sequence_number: str
    local_endpoint: str
    remote_endpoint: str
    event: str
    data: str
    context: str


FIELDS = tuple(field.name.replace("_", "-") for field in fields(Row))


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def clean(text: str) -> str:
    """On one line, bounded, with nothing that turns or hides what is around it."""
    if len(text) > MAX_TEXT:
        text = f"{text[:MAX_TEXT]}…"
    return _STRANGE.sub(lambda m: _escaped(m[0]), text) if not (text.isascii() and text.isprintable()) else text


def _escaped(character: str) -> str:
    return f"\\u{{{ord(character):x}}}" if unicodedata.category(character) in _UNSAFE else character


def command(line: bytes) -> str:
    """A command as it may be kept: nothing secret, and nothing that is none (a password, a message) but its length."""
    text = line.decode("utf-8", "backslashreplace")
    if _COMMAND.fullmatch(text) is None:
        return f"(no command, {len(line)} octets)"
    return _without_credentials(text) if text[:4].upper() == "AUTH" else text


def _without_credentials(text: str) -> str:
    words = text.split(None, 2)
    if len(words) > 1 and _MECHANISM.fullmatch(words[1].upper()) is None:
        return f"{words[0]} (credentials)"
    return f"{words[0]} {words[1]} (credentials)" if len(words) > 2 else text


def encode(row: Row) -> str:
    """One line of the file."""
    return ",".join(_quoted(value) for value in astuple(row)) + "\r\n"


def _quoted(value: str) -> str:
    """A formula that a spreadsheet would run gets an apostrophe; the marks + and - alone are none."""
    value = clean(value)
    if len(value) > 1 and value.startswith(_FORMULA):
        value = f"'{value}"
    return '"' + value.replace('"', '""') + '"' if '"' in value or "," in value else value


def decode(line: str) -> Row | None:
    """The row of a line; None for what is none."""
    if line.startswith("#"):
        return None
    values = next(csv.reader([line.rstrip("\r\n")]), [])
    return Row(*values) if len(values) == len(FIELDS) else None
