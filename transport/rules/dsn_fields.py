"""Header and status fields of notifications, made of text that nobody vouches for. Pure."""

from __future__ import annotations

import base64
import re
from datetime import UTC, datetime
from email.utils import format_datetime

from transport.rules import replies

LINE = 76
_NOT_PRINTABLE = re.compile(r"[^\x20-\x7e]")
_NOT_TOKEN = re.compile(r"[^\x21-\x7e]")
_SPACES = re.compile(r"\s+")
_XTEXT_UNSAFE = re.compile(r"[^\x21-\x2a\x2c-\x3c\x3e-\x5b\x5d-\x7e]")  # RFC 6533 3: QCHAR


def header_safe(text: str) -> str:
    """One line of printable text, which may hold letters of any script."""
    return _SPACES.sub(" ", replies.clean(text)).strip()


def ascii_safe(text: str) -> str:
    """One line of printable ASCII; other characters as ``\\u`` escapes."""
    return _NOT_PRINTABLE.sub(lambda m: f"\\u{ord(m[0]):04x}", header_safe(text))


def date(unix_s: float) -> str:
    """A date-time in UTC (RFC 5322 3.3)."""
    return format_datetime(datetime.fromtimestamp(int(unix_s), UTC))


def token(text: str) -> str:
    """Printable ASCII without spaces: names, ids."""
    return _NOT_TOKEN.sub("", text)[:500]


def fold(line: str) -> str:
    """An ASCII field in lines of at most about 76 octets (RFC 5322 2.2.3); words longer than that are cut."""
    words = ascii_safe(line).split(" ")
    lines, current = [], words[0]
    for word in words[1:]:
        for piece in (word[start : start + LINE] for start in range(0, max(len(word), 1), LINE)):
            if len(current) + 1 + len(piece) > LINE:
                lines.append(current)
                current = piece
            else:
                current = f"{current} {piece}"
    return "\r\n ".join([*lines, current])


def typed_address(text: str) -> str:
    """``rfc822; a@b`` of an address or an ORCPT value (RFC 3464 2.1.2); beyond ASCII by RFC 6533 3."""
    kind, separator, address = text.partition(";")
    if not separator or not kind.replace("-", "").isalnum():
        kind, address = "rfc822", text
    if address.isascii():
        return f"{token(kind)}; {token(address)}"
    return "utf-8; " + _XTEXT_UNSAFE.sub(lambda m: f"\\x{{{ord(m[0]):02X}}}", header_safe(address).replace(" ", ""))


def address_field(name: str, address: str) -> str:
    """``"Name" <address>``."""
    return f'"{name}" <{token(address) if address.isascii() else header_safe(address)}>'


def subject_header(text: str) -> str:
    """A Subject field, in encoded words where it is not ASCII (RFC 2047 2)."""
    if text.isascii():
        return fold(f"Subject: {text}")
    pieces: list[str] = []
    current = ""
    for char in text:
        if len((current + char).encode()) > 42:  # at most 75 characters an encoded word
            pieces.append(current)
            current = ""
        current += char
    words = [f"=?utf-8?b?{base64.b64encode(piece.encode()).decode()}?=" for piece in (*pieces, current)]
    return "Subject: " + "\r\n ".join(words)
