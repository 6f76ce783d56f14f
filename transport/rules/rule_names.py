"""Parameters of Content-Type and Content-Disposition, and the file names in them: RFC 2045, 2183, 2231. Pure."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from transport.rules.headers import charset
from transport.rules.rule_header import decoded

MAX_PIECES = 50
MAX_COMMENTS = 10
_PARAMETER = re.compile(rb';[ \t]*([!#$&+.^_`{|}~0-9A-Za-z*%-]+)[ \t]*=[ \t]*("(?:[^"\\]|\\.)*"?|[^;]*)', re.DOTALL)
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_COMMENT = re.compile(rb"\((?:[^()\\]|\\.)*\)?", re.DOTALL)
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff]")


class Parameters:
    """Of the fields of a name, as octets; ``kinds`` are what stands before the first semicolon of each, in lower case,
    each once; ``kind`` is the first."""

    def __init__(self, values: list[bytes]) -> None:
        self.kinds = tuple(dict.fromkeys(word(value.partition(b";")[0]) for value in values))
        self.kind = self.kinds[0] if values else ""
        self._said: dict[str, list[bytes]] = {}
        for match in (match for value in values for match in _PARAMETER.finditer(value)):
            name, said = match[1].decode("ascii").lower(), match[2].strip()
            if said.startswith(b'"'):
                said = _ESCAPED.sub(rb"\1", said[1:-1] if said.endswith(b'"') and len(said) > 1 else said[1:])
            self._said.setdefault(name, []).append(said)

    def plain(self, name: str) -> list[bytes]:
        """Each value of that name once, without RFC 2231."""
        return list(dict.fromkeys(self._said.get(name, ())))

    def is_extended(self, name: str) -> bool:
        """Whether it is given as RFC 2231 gives what is long or not ASCII."""
        return any(one.startswith(f"{name}*") for one in self._said)

    def is_in_many_pieces(self, name: str) -> bool:
        """Whether there are more than are put together."""
        return any(one in self._said for one in (f"{name}*{MAX_PIECES}", f"{name}*{MAX_PIECES}*"))

    def texts(self, name: str) -> list[str]:
        """All that it might be: as it stands, decoded, put together of its pieces (RFC 2231 3, 4)."""
        found = [decoded(one) for one in self._said.get(name, ())]
        found += [_extended(one) for one in self._said.get(f"{name}*", ())]
        pieces, is_extended = [], False
        for number in range(MAX_PIECES):
            plain, extended = self._said.get(f"{name}*{number}"), self._said.get(f"{name}*{number}*")
            if not plain and not extended:
                break
            is_extended |= bool(extended)
            # In one name, pieces that are encoded and pieces that are not may follow each other.
            pieces.append(extended[0] if extended else (plain or [b""])[0].replace(b"%", b"%25"))
        if pieces:
            whole = b"".join(pieces)
            found.append(_extended(whole) if is_extended else unquote_to_bytes(whole).decode("utf-8", "replace"))
        return found


def _extended(octets: bytes) -> str:
    """``charset'language'text`` with %XX in it."""
    name, first, rest = octets.partition(b"'")
    _, second, text = rest.partition(b"'")
    octets = unquote_to_bytes(text if first and second else octets)
    try:
        return octets.decode(charset(name.decode("ascii", "replace")) if second else "utf-8", "replace")
    except (LookupError, ValueError):
        return octets.decode("utf-8", "replace")


def word(value: bytes) -> str:
    """A token or type as it is compared: without comments and spaces (RFC 2045 5.1, RFC 5322 3.2.2), in lower case."""
    if b"(" in value:
        value = _COMMENT.sub(b"", value, count=MAX_COMMENTS)
    return value.translate(None, b" \t").decode("ascii", "replace").lower()


def names(disposition: Parameters, content_type: Parameters) -> tuple[str, ...]:
    """Every name that a part goes by, each once, without folders and controls."""
    found = [*disposition.texts("filename"), *content_type.texts("name")]
    cleaned = (_CONTROL.sub("", one.replace("\\", "/")).rpartition("/")[2].strip() for one in found)
    return tuple(dict.fromkeys(one for one in cleaned if one))
