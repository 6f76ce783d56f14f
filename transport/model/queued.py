"""A message in a delivery queue as people see it."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any


class MessageStatus(StrEnum):
    """Exchange's message status, for one message in one queue."""

    ACTIVE = "Active"
    READY = "Ready"
    RETRY = "Retry"
    SUSPENDED = "Suspended"
    PENDING_SUSPEND = "PendingSuspend"
    PENDING_REMOVE = "PendingRemove"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    MessageStatus.ACTIVE: "Being delivered right now.",
    MessageStatus.READY: "Waiting to be delivered; nothing of its own holds it.",
    MessageStatus.RETRY: "The last try did not succeed; it is tried again at the time shown.",
    MessageStatus.SUSPENDED: "Held by an operator or a hold rule until it is resumed.",
    MessageStatus.PENDING_SUSPEND: "Being delivered right now; suspended if that does not succeed.",
    MessageStatus.PENDING_REMOVE: "On its way out: its sender is being told, or its delivery in progress ends first.",
}


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message in a queue. Addresses, replies and the subject are hostile text; times are unix seconds.

    ``cause``, ``because``, ``since``, ``until`` and ``change`` say why it waits (``rules.waiting``).
    """

    message_id: int
    queue_id: str
    queue: str
    sender: str
    recipients: tuple[str, ...]
    recipient_count: int
    subject: str
    size_bytes: int
    received_at: float
    expires_at: float
    status: MessageStatus
    attempts: int
    next_attempt_at: float
    last_error: str
    last_reply: str
    priority: str = ""
    cause: str = ""
    because: str = ""
    since: float = 0.0
    until: float = 0.0
    change: str = ""

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> QueuedMessage:
        """The inverse of ``row``. Raises ValueError, TypeError, KeyError."""
        return cls(**{**row, "recipients": tuple(row["recipients"]), "status": MessageStatus(row["status"])})
