"""The durable queue of one process, and what it raises."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent


class SpoolUnavailable(Exception):
    """The spool cannot store or read; ``str()`` is a private reason (I/O error, read only)."""


class NoSecondCopy(SpoolUnavailable):
    """No other node could keep a copy, and the configuration demands one."""


class SpoolFull(SpoolUnavailable):
    """The spool's disk has no room."""


class MessageDamaged(Exception):
    """The spool has the message, but cannot read it, and trying again does not help; ``str()`` is a private reason."""


@dataclass(frozen=True, slots=True)
class RecipientUpdate:
    """The new state of one recipient, to be written; ``recipient`` is read when the batch is written."""

    message_id: int
    recipient: Recipient


class Stored(Protocol):
    """Told on the loop, in a later turn: None once all is synced to disk, else why nothing was stored."""

    def __call__(self, error: SpoolUnavailable | None, /) -> None: ...


class OutboxReader(Protocol):
    """Tracking events not yet shipped, in order; thread-safe, at least once."""

    def read(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` of (sequence, TrackingEvent JSON) with a sequence greater than ``after``."""
        ...

    def acknowledge(self, *, up_to: int) -> None:
        """Forget events up to and including ``up_to``; they are shipped."""
        ...


class Spool(Protocol):
    """The durable queue of one process. All methods are called on the engine's loop."""

    def commit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        """Make the message, its recipients and the events durable; together with whatever else waits (group commit).

        Done only when it is synced to disk (law 1). Fails with SpoolUnavailable: then nothing was stored.
        """
        ...

    def commit_then(self, message: Message, events: Sequence[TrackingEvent], then: Stored) -> None:
        """``commit`` without a future, which would cost more than all that waits for it."""
        ...

    def update(self, updates: Sequence[RecipientUpdate], events: Sequence[TrackingEvent]) -> None:
        """Write recipient states and events lazily, within about 20 ms, in one batch with new messages.

        A message whose recipients are all final is removed with its body. A crash before the batch may repeat a
        delivery, never lose one.
        """
        ...

    def finish(self, message: Message, event: TrackingEvent) -> None:
        """``update`` for all recipients of a message, which are final: nothing is left of it but ``event``."""
        ...

    def rewrite(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        """Write the message's recipients anew, lazily: they were resolved or routed again."""
        ...

    def record(self, events: Sequence[TrackingEvent]) -> None:
        """Write events that belong to no message (refusals), lazily."""
        ...

    async def read_body(self, message_id: int) -> bytes:
        """The stored octets. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        ...

    def read_message(self, message_id: int) -> Message:
        """The message as it was last written, without its body; from any thread, within microseconds where the disk
        has it in its cache. Raises SpoolUnavailable, MessageDamaged."""
        ...

    def read_messages(self, message_ids: Sequence[int]) -> dict[int, Message]:
        """Many of them at once, those that are there; from any thread. Raises SpoolUnavailable, MessageDamaged."""
        ...

    def written(self) -> Future[None]:
        """Done when all updates so far are on disk. Fails with SpoolUnavailable."""
        ...

    def new_id(self) -> int:
        """A message id never given out before by this node."""
        ...

    @property
    def outbox(self) -> OutboxReader: ...
