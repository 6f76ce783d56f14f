"""The rows that a batch of events amounts to, as plain values in the order of their columns; no database here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, TypeAlias

from mailconsole.tracking.models import ADDRESS_LENGTH, MESSAGE_ID_LENGTH
from mailconsole.tracking.states import MessageStatus, RecipientState
from transport.model import compact_json
from transport.model.event import TrackingEvent

TEXT_LENGTH = 2000
NEXT_HOP_LENGTH = 300
MOST = 2**31 - 1
MOST_BYTES = 2**63 - 1
"""What the columns of counts and of sizes hold."""
Stamp: TypeAlias = Any
"""A time as the database stores it: made once for each event, a datetime for PostgreSQL, text for SQLite."""

Stamping: TypeAlias = Callable[[float], Stamp]
"""Makes it of unix seconds."""


@dataclass(slots=True)
class MessageRow:
    """A row of Message; field names are column names."""

    id: int
    node_id: int
    spool_id: int
    received_at: Stamp
    finished_at: Stamp | None
    status: str
    sender: str
    sender_key: str
    sender_domain: str
    recipient_count: int
    internet_message_id: str
    subject: str
    size_bytes: int
    peer: str
    helo: str
    identity: str
    tls: str
    connector_id: str
    session_id: str
    revision: int
    life: str | None = None


@dataclass(slots=True)
class RecipientRow:
    """A row of MessageRecipient."""

    message_id: int
    received_at: Stamp
    address: str
    address_key: str
    domain: str
    state: str
    attempts: int
    next_hop: str
    last_reply: str
    last_reason: str
    next_attempt_at: Stamp | None
    updated_at: Stamp


MESSAGE_COLUMNS = tuple(field.name for field in fields(MessageRow))
RECIPIENT_COLUMNS = tuple(field.name for field in fields(RecipientRow))
EVENT_COLUMNS = ("id", "message_id", "event", "at", "sender", "recipient", "reply", "reason", "detail")
REFUSAL_COLUMNS = (
    "id",
    "node_id",
    "received_at",
    "stage",
    "action",
    "peer",
    "helo",
    "identity",
    "tls",
    "binding",
    "connector_id",
    "session_id",
    "sender",
    "sender_domain",
    "recipient",
    "recipient_domain",
    "size_bytes",
    "reply",
    "reason",
    "trail",
    "revision",
    "certificate",
)
AUDITED_COLUMNS = ("message_id", "received_at", "severity")
USE_COLUMNS = ("node_id", "section", "object_id", "day", "count", "last_at")
COUNTER_COLUMNS = ("node_id", "minute", "accepted", "refused", "delivered", "deferred", "failed", "accepted_bytes")


def clip(value: object, length: int) -> str:
    """Text that fits its column; PostgreSQL takes no NUL and no half surrogate."""
    text = value if isinstance(value, str) else "" if value is None else str(value)
    if text.isascii() and "\x00" not in text:
        return text if len(text) <= length else text[:length]
    return text.replace("\x00", "\ufffd").encode("utf-8", "replace").decode("utf-8")[:length]


def whole(value: object, most: int = MOST) -> int:
    """A number that fits its column; 0 for what is none. A peer may declare a size of twenty digits (RFC 1870 3)."""
    return int(min(value, most)) if isinstance(value, int) and value > 0 else 0


def domain_of(address: str) -> str:
    """The part behind the last @, in lower case; empty for the null reverse-path."""
    return address.rpartition("@")[2].lower()[:255] if "@" in address else ""


@lru_cache(maxsize=8192)
def address_keys(address: str) -> tuple[str, str]:
    """An address that fits its column as it is searched for, and its domain."""
    return address.lower()[:ADDRESS_LENGTH], domain_of(address)  # a letter may become two


def message_id_key(text: object) -> str:
    """A Message-ID without its brackets, as it is searched for."""
    return clip(text, MESSAGE_ID_LENGTH + 2).strip().removeprefix("<").removesuffix(">")[:MESSAGE_ID_LENGTH]


def new_recipient(message_id: int, address: str, *, received_at: Stamp, now: Stamp) -> RecipientRow:
    """A recipient nobody has tried yet."""
    address = clip(address, ADDRESS_LENGTH)
    return RecipientRow(
        message_id=message_id,
        received_at=received_at,
        address=address,
        address_key=address.lower()[:ADDRESS_LENGTH],
        domain=domain_of(address),
        state=RecipientState.PENDING.value,
        attempts=0,
        next_hop="",
        last_reply="",
        last_reason="",
        next_attempt_at=None,
        updated_at=now,
    )


def message_row(node_id: int, key: int, event: TrackingEvent, at: Stamp, recipient_count: int) -> MessageRow:
    detail = event.detail
    sender = clip(event.sender, ADDRESS_LENGTH)
    return MessageRow(
        id=key,
        node_id=node_id,
        spool_id=event.message_id,
        received_at=at,
        finished_at=None,
        status=MessageStatus.PENDING.value,
        sender=sender,
        sender_key=sender.lower()[:ADDRESS_LENGTH],
        sender_domain=domain_of(sender),
        recipient_count=recipient_count,
        internet_message_id=message_id_key(detail.get("internet_message_id")),
        subject=clip(detail.get("subject"), 500),
        size_bytes=whole(event.size_bytes, MOST_BYTES),
        peer=clip(event.peer, 64),
        helo=clip(detail.get("helo"), 255),
        identity=clip(detail.get("identity"), 255),
        tls=clip(detail.get("tls"), 255),
        connector_id=clip(event.connector_id, 100),
        session_id=clip(event.session_id, 64),
        revision=whole(event.revision),
    )


def event_values(key: int, message_key: int, event: TrackingEvent, at: Stamp) -> tuple[Any, ...]:
    """In the order of EVENT_COLUMNS; the last, its detail, as it came."""
    return (
        key,
        message_key,
        event.event.value,
        at,
        clip(event.sender, ADDRESS_LENGTH),
        clip(event.recipient, ADDRESS_LENGTH),
        clip(event.reply, TEXT_LENGTH),
        clip(event.reason, TEXT_LENGTH),
        event.detail,
    )


def event_row(key: int, message_key: int, event: TrackingEvent, at: Stamp) -> tuple[Any, ...]:
    *values, detail = event_values(key, message_key, event, at)
    return (*values, _json(detail))


def refusal_row(node_id: int, key: int, event: TrackingEvent, at: Stamp) -> tuple[Any, ...]:
    detail = event.detail
    sender, recipient = clip(event.sender, ADDRESS_LENGTH), clip(event.recipient, ADDRESS_LENGTH)
    return (
        key,
        node_id,
        at,
        clip(detail.get("stage"), 10),
        clip(detail.get("action"), 12),
        clip(event.peer, 64),
        clip(detail.get("helo"), 255),
        clip(detail.get("identity"), 255),
        clip(detail.get("tls"), 255),
        clip(detail.get("binding"), 100),
        clip(event.connector_id, 100),
        clip(event.session_id, 64),
        sender,
        domain_of(sender),
        recipient,
        domain_of(recipient),
        whole(event.size_bytes, MOST_BYTES),
        clip(event.reply, TEXT_LENGTH),
        clip(event.reason, TEXT_LENGTH),
        _json(detail.get("trail") or []),
        whole(event.revision),
        clip(detail.get("client_certificate"), 64),
    )


def _json(value: Any) -> str:
    """jsonb takes neither NUL nor half surrogates."""
    if not value:
        return "[]" if isinstance(value, list) else "{}"
    text = compact_json.encode(value).decode()
    return text.replace("\\u0000", "\\ufffd") if "\\u0000" in text else text
