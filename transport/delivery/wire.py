"""A message's octets as they go over the wire after DATA. Pure."""

from __future__ import annotations

import re

_BARE = re.compile(rb"\r\n|\r|\n")
_SAYS_BINARY = re.compile(rb"^content-transfer-encoding:[ \t]*binary\b", re.IGNORECASE | re.MULTILINE)
MAX_LINE_OCTETS = 998  # RFC 5322 2.1.1
DOT = b".\r\n"


def is_canonical(body: bytes) -> bool:
    """Whether every CR and LF is part of a CRLF (RFC 5321 2.3.8): all else is what SMTP smuggling is made of."""
    lines = body.count(b"\r\n")
    return body.count(b"\n") == lines and body.count(b"\r") == lines


def is_text(body: bytes) -> bool:
    """Whether a message that was declared binary is lines of text all the same (RFC 2045 2.7, 2.8)."""
    if b"\x00" in body or not is_canonical(body) or _SAYS_BINARY.search(body) is not None:
        return False
    return max(map(len, body.split(b"\r\n"))) <= MAX_LINE_OCTETS


def lines(body: bytes, *, is_checked: bool = False) -> bytes:
    """``body`` as lines with CRLF, which is what BDAT carries too unless BODY=BINARYMIME was said (RFC 3030 2)."""
    if not is_checked and not is_canonical(body):
        body = _BARE.sub(b"\r\n", body)
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"


def encode(body: bytes, *, is_checked: bool = False, is_dotless: bool = False) -> bytes:
    """``body`` with bare CR and LF made CRLF, dots stuffed, ended with CRLF (RFC 5321 4.5.2); without the last dot.

    ``is_checked``: somebody else saw that it is canonical; ``is_dotless``: that no line begins with a dot. Looking
    costs as much as all the rest."""
    if not is_checked and not is_canonical(body):
        body = _BARE.sub(b"\r\n", body)
    if is_dotless and is_checked:
        return body if body.endswith(b"\r\n") or not body else body + b"\r\n"
    if b"\r\n." in body:
        body = body.replace(b"\r\n.", b"\r\n..")
    if body.startswith(b"."):
        body = b"." + body
    return body if body.endswith(b"\r\n") or not body else body + b"\r\n"
