"""Trace and identity header fields, as octets: what we prepend and the little that we read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header
from email.utils import formatdate
from functools import lru_cache

MAX_TEXT = 250
_FIELD = re.compile(
    rb"^(received|message-id|subject|tls-required):[ \t]*([^\r\n]*(?:\r\n[ \t][^\r\n]*)*)", re.IGNORECASE | re.MULTILINE
)
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._:\[\]-]")  # no parenthesis, semicolon or space: they mean something there
_UNSAFE_TEXT = re.compile(r"[^\x20-\x7e]|[()\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


@dataclass(frozen=True, slots=True)
class HeaderFacts:
    """What a header says, as far as we ask; texts are hostile, decoded at best effort, on one line and bounded."""

    size_bytes: int
    hop_count: int = 0
    message_id: str = ""
    subject: str = ""
    local_hop_count: int = 0
    is_tls_waived: bool = False


def read(content: bytes, *, max_bytes: int) -> HeaderFacts:
    """Read the header of a message with CRLF line ends; fields only when it is at most ``max_bytes`` large."""
    size = _size(content)
    if size > max_bytes:
        return HeaderFacts(size)
    hops = 0
    message_id = subject = ""
    waivers: list[bytes] = []
    for match in _FIELD.finditer(content, 0, size):
        name = match[1][0] | 0x20
        if name == 0x72:  # r
            hops += 1
        elif name == 0x6D:  # m
            message_id = message_id or _line(match[2])
        elif name == 0x74:  # t
            waivers.append(match[2].strip().lower())
        else:
            subject = subject or _subject(match[2])
    return HeaderFacts(size, hops, message_id, subject, 0, waivers == [b"no"])  # RFC 8689 3: only one, and only this


def with_local_hops(facts: HeaderFacts, content: bytes, name: str) -> HeaderFacts:
    """Count the Received fields that we wrote as ``name``, too."""
    ours = f"by {name} (Mailconsole) ".encode("ascii", "replace").lower()
    fields = (match[2].lower() for match in _FIELD.finditer(content, 0, facts.size_bytes) if match[1][0] | 0x20 == 0x72)
    return replace(facts, local_hop_count=sum(ours in field for field in fields))


def header_of(content: bytes) -> bytes:
    """The header without the empty line that ends it; all of a content that has none."""
    return content[: _size(content)]


def _size(content: bytes) -> int:
    """Octets before the empty line (RFC 5322 2.1); all of it when there is none."""
    if content.startswith(b"\r\n"):
        return 0
    end = content.find(b"\r\n\r\n")
    return len(content) if end < 0 else end + 2


def _line(value: bytes) -> str:
    return _clean(_unfolded(value[: 4 * MAX_TEXT]).decode("utf-8", "replace"))


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r\n", b"")  # RFC 5322 2.2.3


def _clean(text: str) -> str:
    return _CONTROL.sub(" ", text).strip()[:MAX_TEXT]


def _subject(value: bytes) -> str:
    """RFC 2047 encoded words decoded; where they cannot be, as they stand."""
    if b"=?" not in value:
        return _line(value)
    try:
        parts = decode_header(_unfolded(value[: 8 * MAX_TEXT]).decode("ascii", "replace"))
        return _clean("".join(p if isinstance(p, str) else p.decode(c or "ascii", "replace") for p, c in parts))
    except (MessageError, ValueError, LookupError):
        return _line(value)


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second)


def received(
    *, helo: str, peer: str, by: str, protocol: str, queue_id: str, recipient: str, now: float, tls: str = ""
) -> bytes:
    """The Received field (RFC 5321 4.4). ``recipient`` only for a message with one; empty otherwise."""
    literal = f"[IPv6:{peer}]" if ":" in peer else f"[{peer}]"
    secured = f"\r\n\t({_UNSAFE_TEXT.sub('?', tls)})" if tls else ""
    whom = f"\r\n\tfor <{recipient}>" if recipient and recipient.isascii() else ""
    name = _UNSAFE_NAME.sub("?", helo)[:255] or literal
    return (
        f"Received: from {name} ({literal})\r\n"
        f"\tby {by} (Mailconsole) with {protocol}{secured} id {queue_id}{whom};\r\n"
        f"\t{_date(int(now))}\r\n"
    ).encode("ascii", "replace")


def transmission_type(*, is_esmtp: bool, is_tls: bool, is_authenticated: bool, is_utf8: bool) -> str:
    """The "with" of Received: RFC 3848, and RFC 6531 4.3 for SMTPUTF8."""
    if not is_esmtp:
        return "SMTP"
    head = "UTF8SMTP" if is_utf8 else "ESMTP"
    return head + ("S" if is_tls else "") + ("A" if is_authenticated else "")
