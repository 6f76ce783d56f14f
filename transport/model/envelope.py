"""A message in our care: its envelope, its recipients and what was asked for each."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from transport.model.address import Address
from transport.model.hold import Hold
from transport.model.next_hop import POISON, SUBMISSION, NextHop
from transport.model.outcome import RecipientStatus
from transport.model.priority import Priority
from transport.model.ruled import Ruled


class BodyType(StrEnum):
    """BODY= of RFC 6152 and RFC 3030."""

    SEVEN_BIT = "7BIT"
    EIGHT_BIT_MIME = "8BITMIME"
    BINARY_MIME = "BINARYMIME"


@dataclass(frozen=True, slots=True)
class EnvelopeRecipient:
    """One RCPT TO as it was given. ``notify`` holds NOTIFY= values in upper case, empty when not given (RFC 3461)."""

    address: Address
    notify: frozenset[str] = frozenset()
    orcpt: str = ""


@dataclass(frozen=True, slots=True)
class Envelope:
    """What MAIL and RCPT said. ``declared_size_bytes`` is SIZE= or 0; ``ret`` is FULL, HDRS or empty."""

    sender: Address
    recipients: tuple[EnvelopeRecipient, ...]
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    requires_tls: bool = False
    declared_size_bytes: int = 0
    ret: str = ""
    envid: str = ""


@dataclass(slots=True, eq=False)
class Recipient:
    """One recipient of a spooled message, after resolution; the unit that is delivered, deferred or failed.

    Mutable: the queue changes it and the spool writes it. Times are unix seconds. ``original`` is the address of RCPT
    TO, ``address`` the one to deliver to. ``hold`` says who holds
    a suspended one back. ``is_resolved``: it was resolved before, where ``next_hop`` does not say so any more.
    """

    index: int
    address: Address
    original: Address
    notify: frozenset[str] = frozenset()
    orcpt: str = ""
    status: RecipientStatus = RecipientStatus.READY
    next_hop: NextHop | None = None
    attempts: int = 0
    first_attempt_at: float = 0.0
    last_attempt_at: float = 0.0
    next_attempt_at: float = 0.0
    last_reply: str = ""
    last_reason: str = ""
    is_delay_dsn_sent: bool = False
    is_resolved: bool = False
    hold: Hold | None = None

    @property
    def was_resolved(self) -> bool:
        """Whether it was resolved and routed: groups and forwarding that led to it have done their work."""
        return self.is_resolved or self.next_hop not in (None, SUBMISSION, POISON)

    def leave_route(self, hop: NextHop | None, reason: str = "") -> None:
        """Wait in ``hop``, which leads to no server, to be decided about again; what was resolved stays so."""
        self.is_resolved = self.was_resolved
        self.next_hop, self.last_reason = hop, reason


@dataclass(slots=True, eq=False)
class Message:
    """A spooled message. ``body`` holds header and content with CRLF line ends and our trace header, or None when it
    is only on disk (``Spool.read_body``). ``size_bytes`` counts body with trace headers. ``internet_message_id`` and
    ``subject`` are hostile text from the header, bounded, for people only. ``is_canonical``: it was seen, since the
    start of this process, that every CR and LF of the body is part of a CRLF; ``is_dotless``: that no line begins
    with a dot. ``policy_ids`` are the relay policies
    that let it in; ``ruled`` is what mail flow rules ordered for it."""

    id: int
    envelope_sender: Address
    recipients: list[Recipient]
    size_bytes: int
    received_at: float
    expires_at: float
    session_id: str
    peer: str
    helo: str
    identity: str
    connector_id: str
    revision: int
    body_type: BodyType = BodyType.SEVEN_BIT
    is_smtputf8: bool = False
    requires_tls: bool = False
    is_tls_waived: bool = False
    ret: str = ""
    envid: str = ""
    internet_message_id: str = ""
    subject: str = ""
    is_dsn: bool = False
    is_canonical: bool = False
    is_dotless: bool = False
    policy_ids: tuple[str, ...] = ()
    priority: Priority = Priority.NORMAL
    ruled: Ruled | None = None
    body: bytes | None = field(default=None, repr=False)

    @property
    def queue_id(self) -> str:
        """The id that people see, in Received headers, replies and pages."""
        return encode_queue_id(self.id)


_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: no I, L, O, U to mistake
_PAIRS = [a + b for a in _ALPHABET for b in _ALPHABET]  # ten bits at a time: it is made for every message
_VALUES = {c: i for i, c in enumerate(_ALPHABET)}
QUEUE_ID_LENGTH = 13


def encode_queue_id(message_id: int) -> str:
    """Return the 13 characters for a 63-bit message id."""
    pairs = _PAIRS
    return (
        f"{_ALPHABET[message_id >> 60 & 31]}{pairs[message_id >> 50 & 1023]}{pairs[message_id >> 40 & 1023]}"
        f"{pairs[message_id >> 30 & 1023]}{pairs[message_id >> 20 & 1023]}{pairs[message_id >> 10 & 1023]}"
        f"{pairs[message_id & 1023]}"
    )


def decode_queue_id(text: str) -> int:
    """Return the message id for a queue id. Raises ValueError."""
    text = text.strip().upper()
    if len(text) != QUEUE_ID_LENGTH or any(c not in _VALUES for c in text):
        raise ValueError(f"a queue id has {QUEUE_ID_LENGTH} characters of {_ALPHABET}")
    value = 0
    for char in text:
        value = value << 5 | _VALUES[char]
    return value
