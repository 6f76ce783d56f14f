"""The commands that give a transaction's envelope to a server. Pure; nothing of ours may carry a line break there."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from transport.delivery.a_labels import to_a_labels
from transport.delivery.capabilities import Capabilities
from transport.delivery.fit import Fit
from transport.model.address import Address, quote_local_part
from transport.model.envelope import BodyType, Message, Recipient

_XTEXT_UNSAFE = re.compile(r"[^\x21-\x2a\x2c-\x3c\x3e-\x7e]")
_UNSAFE = re.compile(rb"[\x00-\x1f\x7f]")
_NOTIFY_ORDER = ("NEVER", "SUCCESS", "FAILURE", "DELAY")
DATA = b"DATA\r\n"
RSET = b"RSET\r\n"
QUIT = b"QUIT\r\n"


class UnsafeEnvelope(ValueError):
    """An address or parameter would break out of its command."""


def mail(message: Message, capabilities: Capabilities, fit: Fit) -> bytes:
    """MAIL FROM with the parameters that the server knows. Raises UnsafeEnvelope."""
    text = f"MAIL FROM:<{path(message.envelope_sender, fit.is_utf8)}>"
    if capabilities.is_size_known:
        text += f" SIZE={message.size_bytes}"  # RFC 1870 6
    if fit.is_binary:
        text += " BODY=BINARYMIME"  # RFC 3030 3
    elif fit.is_eight_bit and capabilities.has_eight_bit_mime:
        text += " BODY=8BITMIME"  # RFC 6152 3
    if fit.is_utf8:
        text += " SMTPUTF8"  # RFC 6531 3.4
    if message.requires_tls and capabilities.has_requiretls:
        text += " REQUIRETLS"  # RFC 8689 4.2
    if capabilities.has_dsn:  # RFC 3461 4.3, 4.4
        text += f" RET={message.ret}" if message.ret else ""
        text += f" ENVID={xtext(message.envid)}" if message.envid else ""
    return _command(text)


def rcpt(recipient: Recipient, capabilities: Capabilities, *, is_utf8: bool) -> bytes:
    """RCPT TO with what was asked about notifications, where the server knows DSN. Raises UnsafeEnvelope."""
    text = f"RCPT TO:<{path(recipient.address, is_utf8)}>"
    if capabilities.has_dsn:  # RFC 3461 4.1, 4.2
        if recipient.notify:
            text += f" NOTIFY={','.join(word for word in _NOTIFY_ORDER if word in recipient.notify)}"
        if recipient.orcpt:
            kind, separator, address = recipient.orcpt.partition(";")
            text += f" ORCPT={kind};{xtext(address)}" if separator else ""
    return _command(text)


def group(message: Message, recipients: Sequence[Recipient], body: bytes, capabilities: Capabilities) -> bytes | None:
    """MAIL, RCPT and DATA in one piece, as ``mail`` and ``rcpt`` give them, where they hold nothing but addresses, size
    and BODY (what most messages need); else None."""
    limit, has_dsn = capabilities.max_size_bytes, capabilities.has_dsn
    is_eight_bit = message.body_type is not BodyType.SEVEN_BIT or not body.isascii()
    if (
        message.is_smtputf8
        or message.requires_tls
        or message.body_type is BodyType.BINARY_MIME
        or (limit and message.size_bytes > limit)
        or (is_eight_bit and not capabilities.has_eight_bit_mime)
        or (has_dsn and (message.ret or message.envid))
    ):
        return None
    sender = message.envelope_sender
    try:
        commands = [_plain("MAIL FROM", sender.local_part, sender.domain)]
        if capabilities.is_size_known:
            commands.append(b" SIZE=%d" % message.size_bytes)
        commands.append(b" BODY=8BITMIME\r\n" if is_eight_bit else b"\r\n")
        for recipient in recipients:
            if has_dsn and (recipient.notify or recipient.orcpt):
                return None
            address = recipient.address
            commands.append(_plain("RCPT TO", address.local_part, address.domain, "\r\n"))
    except UnsafeEnvelope:
        return None
    commands.append(DATA)
    return b"".join(commands)


@lru_cache(maxsize=8192)
def _plain(verb: str, local_part: str, domain: str, end: str = "") -> bytes:
    """Raises UnsafeEnvelope, also where the address is more than ASCII."""
    text = f"{verb}:<{Address(local_part, domain)}>"
    if not (text.isascii() and text.isprintable()):
        raise UnsafeEnvelope(f"it takes more than this to give {text!a}")
    return f"{text}{end}".encode()


def path(address: Address, is_utf8: bool) -> str:
    """The address between < and >; a domain in Unicode becomes A-labels where the server does not know SMTPUTF8."""
    if not address.domain:
        return address.local_part
    if is_utf8 or address.domain.isascii():
        return str(address)
    return f"{quote_local_part(address.local_part)}@{to_a_labels(address.domain)}"


def xtext(text: str) -> str:
    """RFC 3461 4: printable ASCII but + and =, the rest as +XX."""
    if _XTEXT_UNSAFE.search(text) is None:
        return text
    return _XTEXT_UNSAFE.sub(lambda m: "".join(f"+{octet:02X}" for octet in m[0].encode()), text)


def last_chunk(octets: int) -> bytes:
    """BDAT for a message in one piece (RFC 3030 2)."""
    return b"BDAT %d LAST\r\n" % octets


def _command(text: str) -> bytes:
    data = text.encode("utf-8")
    if _UNSAFE.search(data) is not None:
        raise UnsafeEnvelope("an address holds a control character")
    return data + b"\r\n"
