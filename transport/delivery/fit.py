"""Whether a message may be sent to this server at all: what it never said it takes is never sent. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transport.config.types import format_size
from transport.delivery import wire
from transport.delivery.a_labels import to_a_labels
from transport.delivery.capabilities import Capabilities
from transport.model.address import Address
from transport.model.envelope import BodyType, Message, Recipient


@dataclass(frozen=True, slots=True)
class Misfit:
    """Why a server cannot have it: an enhanced status (RFC 3463) and a sentence."""

    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Fit:
    """``misfit`` is about the whole message; ``unfit`` about single recipients, by their position."""

    is_eight_bit: bool
    is_utf8: bool
    misfit: Misfit | None = None
    unfit: dict[int, Misfit] | None = None
    is_binary: bool = False


PLAIN = Fit(is_eight_bit=False, is_utf8=False)
EIGHT_BIT = Fit(is_eight_bit=True, is_utf8=False)
_BINARY = Fit(is_eight_bit=True, is_utf8=False, is_binary=True)
NO_8BITMIME = Misfit("5.6.3", "The message has 8-bit content and the next hop does not offer 8BITMIME.")
_NO_BINARYMIME = Misfit("5.6.3", "The message has binary content and the next hop does not offer BINARYMIME.")
_NO_SMTPUTF8_HEADER = Misfit("5.6.9", "The message's header needs SMTPUTF8 and the next hop does not offer it.")
_NO_SMTPUTF8 = Misfit("5.6.7", "The message needs SMTPUTF8 and the next hop does not offer it.")
_NO_SMTPUTF8_ADDRESS = Misfit("5.6.7", "The address needs SMTPUTF8 and the next hop does not offer it.")
_NO_REQUIRETLS = Misfit(  # RFC 8689 5
    "5.7.30", "The message may travel over verified TLS only and the next hop does not offer REQUIRETLS."
)
_NOT_VERIFIED = Misfit(
    "5.7.30",
    "The message may travel over verified TLS only and the next hop was not verified by a name that is known for sure: "
    "that takes DomainValidation with a smart host or a TLS domain.",
)


def check(
    message: Message, recipients: Sequence[Recipient], body: bytes, capabilities: Capabilities, *, is_verified: bool
) -> Fit:
    """How, or why not, ``message`` goes to a server with ``capabilities``."""
    limit = capabilities.max_size_bytes
    if limit and message.size_bytes > limit:
        return Fit(False, False, misfit=_too_large(message.size_bytes, limit))
    if message.requires_tls and not (is_verified and capabilities.has_requiretls):  # RFC 8689 4.2.1
        return Fit(False, False, misfit=_NO_REQUIRETLS if is_verified else _NOT_VERIFIED)
    is_binary = message.body_type is BodyType.BINARY_MIME
    if is_binary and not capabilities.has_binary_mime:
        if not wire.is_text(body):  # RFC 3030 3: we convert nothing
            return Fit(True, False, misfit=_NO_BINARYMIME)
        is_binary = False
    is_eight_bit = message.body_type is BodyType.EIGHT_BIT_MIME or not body.isascii()
    if not is_binary and is_eight_bit and not capabilities.has_eight_bit_mime:
        if not body.isascii():
            return Fit(True, False, misfit=NO_8BITMIME)
        is_eight_bit = False
    if not message.is_smtputf8 and message.envelope_sender.is_ascii and all(r.address.is_ascii for r in recipients):
        if is_binary:
            return _BINARY
        return EIGHT_BIT if is_eight_bit else PLAIN
    if capabilities.has_smtputf8:
        return Fit(is_eight_bit, is_utf8=True, is_binary=is_binary)
    return replace(_without_smtputf8(message, recipients, body, is_eight_bit), is_binary=is_binary)


def _without_smtputf8(message: Message, recipients: Sequence[Recipient], body: bytes, is_eight_bit: bool) -> Fit:
    """RFC 6531 3.2: what turns out not to need the extension may go without it."""
    header = body.partition(b"\r\n\r\n")[0]
    if not _goes_as_ascii(message.envelope_sender):
        return Fit(is_eight_bit, False, misfit=_NO_SMTPUTF8)
    if not header.isascii():  # RFC 6531 4.3: X.6.9
        return Fit(is_eight_bit, False, misfit=_NO_SMTPUTF8_HEADER)
    unfit = {i: _NO_SMTPUTF8_ADDRESS for i, r in enumerate(recipients) if not _goes_as_ascii(r.address)}
    return Fit(is_eight_bit, False, unfit=unfit or None)


def _goes_as_ascii(address: Address) -> bool:
    return address.local_part.isascii() and to_a_labels(address.domain).isascii()


def _too_large(size: int, limit: int) -> Misfit:
    # RFC 3463 3.4: 5.3.4 message too big for system; RFC 1870 6.1: no use to send it.
    return Misfit("5.3.4", f"The next hop takes at most {format_size(limit)}; the message has {format_size(size)}.")
