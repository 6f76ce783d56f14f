"""The unit of a delivery queue: one message for the recipients that share a next hop (a transaction, RFC 5321 3.3)."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from transport.model.envelope import Message, Recipient


class TransactionState(Enum):
    """Where a transaction is in its queue."""

    READY = auto()
    DEFERRED = auto()
    HELD = auto()
    ACTIVE = auto()
    GONE = auto()


@dataclass(slots=True, eq=False)
class Transaction:
    """``body`` is None while it is only on disk. ``wake_at`` is when a deferred one is tried again (unix seconds).

    ``is_noted``: a DEFER event says why it waits for its next hop. ``put_backs`` counts tries that a dying connection
    took back. ``is_dsn_passed_on``: the peer of the last try takes over status notifications (RFC 3461 5.2.1).
    """

    message: Message
    recipients: list[Recipient]
    body: bytes | None = field(default=None, repr=False)
    state: TransactionState = TransactionState.READY
    wake_at: float = 0.0
    put_backs: int = 0
    is_noted: bool = False
    is_loading: bool = False
    is_dsn_passed_on: bool = False
