"""Trace and identity header fields, as octets: what we prepend and the little that we read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from email.errors import MessageError
from email.header import decode_header
from email.utils import formatdate
from encodings.aliases import aliases
from functools import lru_cache

MAX_TEXT = 250
_CHARSETS = {*aliases, *aliases.values()}
_RECEIVED = re.compile(rb"^received:[^\r\n]*(?:\r\n[ \t][^\r\n]*)*", re.IGNORECASE | re.MULTILINE)
_UNSAFE_NAME = re.compile(r"[^A-Za-z0-9._:\[\]-]")  # no parenthesis, semicolon or space: they mean something there
_UNSAFE_TEXT = re.compile(r"[^\x20-\x7e]|[()\\]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]+")


@dataclass(slots=True)  # not frozen: one is made for each message
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
    names = b"\n" + content[:size].lower()  # to look for a few names takes a tenth of a pattern's time
    hops = names.count(b"\nreceived:")
    message_id = subject = ""
    at = names.find(b"\nmessage-id:")
    while at >= 0 and not message_id:
        message_id = _line(_value(content, at + 11, size))
        at = names.find(b"\nmessage-id:", at + 1)
    at = names.find(b"\nsubject:")
    while at >= 0 and not subject:
        subject = _subject(_value(content, at + 8, size))
        at = names.find(b"\nsubject:", at + 1)
    return HeaderFacts(size, hops, message_id, subject, 0, _is_tls_waived(content, names, size))


def _is_tls_waived(content: bytes, names: bytes, size: int) -> bool:
    """RFC 8689 3: only one field, and only this."""
    at = names.find(b"\ntls-required:")
    if at < 0 or names.find(b"\ntls-required:", at + 1) >= 0:
        return False
    return _value(content, at + 13, size).strip().lower() == b"no"


def _value(content: bytes, start: int, end: int) -> bytes:
    """A field's value from its octet ``start``, with the lines that are folded into it."""
    stop = content.find(b"\r\n", start, end)
    while stop >= 0 and content.startswith((b" ", b"\t"), stop + 2, end):
        stop = content.find(b"\r\n", stop + 2, end)
    return content[start : stop if stop >= 0 else end].lstrip(b" \t")


def with_local_hops(facts: HeaderFacts, content: bytes, name: str) -> HeaderFacts:
    """Count the Received fields that we wrote as ``name``, too."""
    ours = f"by {name} (Mailconsole) ".encode("ascii", "replace").lower()
    fields = (match[0].lower() for match in _RECEIVED.finditer(content, 0, facts.size_bytes))
    return replace(facts, local_hop_count=sum(ours in field for field in fields))


def apart(content: bytes) -> bytes:
    """``content`` so that nothing of it goes on with a field that is put before it (RFC 5322 2.2.3). What begins with
    white space has no header; the empty line that says so is added, as Postfix does."""
    return b"\r\n" + content if content[:1] in (b" ", b"\t") else content


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
    if len(value) <= MAX_TEXT:
        text = value.decode("utf-8", "replace")
        if text.isprintable():  # neither folded nor odd, as most are
            return text.strip()
    return _clean(_unfolded(value[: 4 * MAX_TEXT]).decode("utf-8", "replace"))


def _unfolded(value: bytes) -> bytes:
    return value.replace(b"\r\n", b"")  # RFC 5322 2.2.3


def _clean(text: str) -> str:
    if text.isprintable():
        return text.strip()[:MAX_TEXT]
    return _CONTROL.sub(" ", text).strip()[:MAX_TEXT]


def _subject(value: bytes) -> str:
    """RFC 2047 encoded words decoded; where they cannot be, as they stand."""
    if b"=?" not in value:
        return _line(value)
    try:
        parts = decode_header(_unfolded(value[: 8 * MAX_TEXT]).decode("ascii", "replace"))
        return _clean("".join(p if isinstance(p, str) else p.decode(charset(c), "replace") for p, c in parts))
    except (MessageError, ValueError, LookupError):
        return _line(value)


def charset(name: str | None) -> str:
    """A charset that Python knows. A name that it does not would be looked for on disk and remembered for ever, as
    often as a stranger makes up another. Raises LookupError."""
    known = (name or "ascii").lower().replace("-", "_")
    if known not in _CHARSETS:
        raise LookupError("unknown charset")
    return known


@lru_cache(maxsize=4)
def _date(second: int) -> str:
    return formatdate(second)


def received(
    *, helo: str, peer: str, by: str, protocol: str, queue_id: str, recipient: str, now: float, tls: str = ""
) -> bytes:
    """The Received field (RFC 5321 4.4). ``recipient`` only for a message with one; empty otherwise."""
    head = received_head(helo=helo, peer=peer, by=by, protocol=protocol, tls=tls)
    return received_tail(head, queue_id=queue_id, recipient=recipient, now=now)


def received_head(*, helo: str, peer: str, by: str, protocol: str, tls: str = "") -> str:
    """What the Received fields of a session have in common."""
    literal = f"[IPv6:{peer}]" if ":" in peer else f"[{peer}]"
    secured = f"\r\n\t({_UNSAFE_TEXT.sub('?', tls)})" if tls else ""
    name = _UNSAFE_NAME.sub("?", helo)[:255] or literal
    return f"Received: from {name} ({literal})\r\n\tby {by} (Mailconsole) with {protocol}{secured} id "


def received_tail(head: str, *, queue_id: str, recipient: str, now: float) -> bytes:
    """A Received field that begins with ``head``."""
    whom = f"\r\n\tfor <{recipient}>" if recipient and recipient.isascii() else ""
    return f"{head}{queue_id}{whom};\r\n\t{_date(int(now))}\r\n".encode("ascii", "replace")


def transmission_type(*, is_esmtp: bool, is_tls: bool, is_authenticated: bool, is_utf8: bool) -> str:
    """The "with" of Received: RFC 3848, and RFC 6531 4.3 for SMTPUTF8."""
    if not is_esmtp:
        return "SMTP"
    head = "UTF8SMTP" if is_utf8 else "ESMTP"
    return head + ("S" if is_tls else "") + ("A" if is_authenticated else "")
