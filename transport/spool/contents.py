"""Which messages are in the spool, and what is left to be done for each: so what a batch has to write of it."""

from __future__ import annotations

from typing import Protocol

from transport.model.envelope import Message
from transport.ports.spool import RecipientUpdate
from transport.spool import rows
from transport.spool.batch import Batch
from transport.spool.recovery import Recovered, mask


class Watcher(Protocol):
    """Who is told how messages come to their end (the second copies). Called on the loop."""

    def settled(self, message_id: int, index: int) -> None:
        """A recipient needs nothing more, others of the message do."""
        ...

    def removed(self, message_id: int) -> None:
        """No recipient needs anything more."""
        ...

    def rewritten(self, message_id: int) -> None:
        """Its recipients are others now."""
        ...


class Contents:
    """``pending`` has by message a bit for each recipient to be delivered to; ``stated`` messages may have rows in
    ``recipient``, the body of ``filed`` ones is a file. Changed on the loop, with the batch under the writer's lock."""

    def __init__(self) -> None:
        self.pending: dict[int, int] = {}
        self.stated: set[int] = set()
        self.filed: set[int] = set()
        self.watcher: Watcher | None = None

    def take_over(self, found: Recovered) -> None:
        """These were in the spool at its start."""
        self.filed |= found.filed
        self.stated |= found.stated
        self.pending.update((message.id, mask(message)) for message in found.messages.values())

    def settle(self, batch: Batch, update: RecipientUpdate) -> None:
        """A message whose last recipient is final now is removed."""
        message_id, recipient = update.message_id, update.recipient
        pending = self.pending.get(message_id)
        if pending is None or not recipient.status.is_final:
            return
        pending &= ~(1 << recipient.index)
        if pending:
            self.pending[message_id] = pending
        else:
            self.remove(batch, message_id)

    def state(self, batch: Batch, update: RecipientUpdate) -> None:
        """The recipient of a message that stays is written."""
        message_id, recipient = update.message_id, update.recipient
        if recipient.status.is_final and self.watcher is not None:
            self.watcher.settled(message_id, recipient.index)
        self.stated.add(message_id)
        batch.states.append((message_id, recipient.index, rows.encode_recipient(recipient)))

    def remove(self, batch: Batch, message_id: int) -> None:
        """Nothing more is to be done for it."""
        del self.pending[message_id]
        batch.removed.append((message_id,))
        if message_id in self.stated:
            self.stated.discard(message_id)
            batch.stated.append((message_id,))
        if message_id in self.filed:
            self.filed.discard(message_id)
            batch.filed.append(message_id)
        if self.watcher is not None:
            self.watcher.removed(message_id)

    def forget(self, message_ids: list[int]) -> None:
        """Their commit failed."""
        for message_id in message_ids:
            self.pending.pop(message_id, None)
            self.filed.discard(message_id)

    def rewrite(self, batch: Batch, message: Message) -> None:
        """Its recipients are others now. A batch writes states after rewrites: states gathered so far are part of what
        is written now."""
        batch.states = [row for row in batch.states if row[0] != message.id]
        batch.rewritten = [row for row in batch.rewritten if row[1] != message.id]
        batch.rewritten.append((rows.encode_message(message), message.id))
        self.pending[message.id] = mask(message)
        if self.watcher is not None:
            self.watcher.rewritten(message.id)
        if not self.pending[message.id]:
            self.remove(batch, message.id)
