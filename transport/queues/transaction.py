"""One message for the recipients that share a next hop (a transaction, RFC 5321 3.3)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from transport.model.envelope import Message, Recipient, encode_queue_id
from transport.model.hold import Hold
from transport.queues.line import Piece

ReadMessage = Callable[[int], Message]
NOTHING_READ: Mapping[int, Message] = {}


class TransactionState(Enum):
    """Where a transaction is in its queue."""

    READY = auto()
    DEFERRED = auto()
    HELD = auto()
    ACTIVE = auto()
    GONE = auto()


def among(recipients: Sequence[Recipient], others: Sequence[Recipient]) -> list[Recipient]:
    """Those of ``recipients`` that are in ``others``; a group's message has tens of thousands."""
    known = {id(recipient) for recipient in others}
    return [recipient for recipient in recipients if id(recipient) in known]


@dataclass(frozen=True, slots=True)
class Pending:
    """What becomes of ``recipients``, those that the delivery in progress leaves; a removal where ``hold`` says so."""

    hold: Hold
    recipients: tuple[Recipient, ...]


@dataclass(slots=True, eq=False)
class Parked:
    """What stays in memory of a message that is only on disk. Time changes nothing about it before ``due_at``, as was
    known in that ``round``."""

    read: ReadMessage
    message_id: int
    indexes: tuple[int, ...]
    received_at: float
    due_at: float
    round: int


@dataclass(slots=True, eq=False)
class Transaction:
    """``body`` is None while it is only on disk. ``wake_at`` is when a deferred one is tried again (unix seconds).

    ``is_noted``: a DEFER event says why it waits for its next hop. ``put_backs`` counts tries that a dying connection
    took back. ``pending``: what an operator ordered while it was being delivered.
    ``is_dsn_passed_on``: the peer of the last try takes over status notifications (RFC 3461 5.2.1).
    ``is_telling``: a notification is being made about recipients that go on waiting. ``hold`` says who holds it back.
    The lower ``rank`` goes first. ``faults`` of our own happened with it. ``place`` is where it stands in its queue.

    In a long queue most are ``parked``: message and recipients are read from the spool when somebody asks for them.
    """

    message: Message
    recipients: list[Recipient]
    body: bytes | None = field(default=None, repr=False)
    state: TransactionState = TransactionState.READY
    wake_at: float = 0.0
    put_backs: int = 0
    pending: Pending | None = None
    is_noted: bool = False
    is_loading: bool = False
    is_dsn_passed_on: bool = False
    is_telling: bool = False
    parked: Parked | None = None
    hold: Hold | None = None
    rank: int = 0
    faults: int = 0
    place: Piece | None = field(default=None, repr=False)

    def part(self, recipients: list[Recipient]) -> Transaction:
        """One of its own for some of its recipients; what is known of the message goes along."""
        return Transaction(self.message, recipients, is_noted=self.is_noted, rank=self.rank, faults=self.faults)

    def separate(self, recipients: list[Recipient]) -> Transaction:
        """``recipients`` of one that waits as one of their own, that waits nowhere yet; itself for all."""
        if len(recipients) == len(self.recipients):
            return self
        theirs = {id(recipient) for recipient in recipients}
        self.recipients = [one for one in self.recipients if id(one) not in theirs]
        separate = self.part(recipients)
        separate.state = TransactionState.GONE
        return separate

    @property
    def message_id(self) -> int:
        return self.parked.message_id if self.parked is not None else self.message.id

    @property
    def queue_id(self) -> str:
        return encode_queue_id(self.message_id)

    @property
    def received_at(self) -> float:
        return self.parked.received_at if self.parked is not None else self.message.received_at

    @property
    def can_park(self) -> bool:
        """Whether the spool knows all that is known here: nothing is under way, and nobody else has the message."""
        if self.parked is not None or self.body is not None or self.is_loading or self.is_telling:
            return False
        if self.state in (TransactionState.ACTIVE, TransactionState.GONE):
            return False
        return sum(not one.status.is_final for one in self.message.recipients) == len(self.recipients)

    @property
    def version(self) -> object:
        """Changes with whatever the spool has to know."""
        return [(one.status, one.attempts, one.next_attempt_at, one.next_hop, one.hold) for one in self.recipients]

    @property
    def indexes(self) -> tuple[int, ...]:
        """Of its recipients."""
        return self.parked.indexes if self.parked is not None else tuple(one.index for one in self.recipients)

    def peek(self, read: Mapping[int, Message] = NOTHING_READ) -> tuple[Message, list[Recipient]]:
        """Message and recipients to look at, not to keep: what is parked stays parked. ``read`` was read from the spool
        just now. Raises as reading does."""
        parked = self.parked
        if parked is None:
            return self.message, self.recipients
        message = read.get(parked.message_id) or parked.read(parked.message_id)
        return message, [one for one in message.recipients if one.index in parked.indexes] or message.recipients

    def park(self, read: ReadMessage, *, due_at: float, round: int) -> None:
        """Let go of what the spool has, as it is here: the caller saw to both (``can_park``)."""
        message = self.message
        indexes = tuple(one.index for one in self.recipients)
        self.parked = Parked(read, message.id, indexes, message.received_at, due_at, round)
        del self.message, self.recipients  # what is missing is found by __getattr__: it costs nothing until then

    def read(self) -> None:
        """Have in memory what is parked. Raises SpoolUnavailable, MessageDamaged."""
        parked = self.parked
        if parked is not None:
            self.unpark(parked.read(parked.message_id))

    def moved(self) -> Transaction:
        """What is parked, unread as it is, for another queue: in the one that it left it may still be met."""
        other = object.__new__(Transaction)
        for one in fields(Transaction):
            if one.name not in ("message", "recipients"):
                setattr(other, one.name, getattr(self, one.name))
        other.place, other.is_loading, other.hold = None, False, None
        return other

    def unpark(self, message: Message) -> None:
        """Take the message as it was read from the spool."""
        if self.parked is not None:
            wanted = self.parked.indexes
            self.parked = None
            self.message = message
            self.recipients = [one for one in message.recipients if one.index in wanted] or message.recipients

    if not TYPE_CHECKING:

        def __getattr__(self, name: str) -> Any:
            """Called only for a slot that is empty. Raises SpoolUnavailable, MessageDamaged."""
            parked = self.parked if name in ("message", "recipients") else None
            if parked is None:
                raise AttributeError(name)
            self.read()
            return getattr(self, name)
