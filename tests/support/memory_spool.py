"""A Spool in memory, for tests of what uses one: it keeps the order of what was written, and can be told to fail."""

import asyncio
import copy
from asyncio import Future
from collections.abc import Sequence
from dataclasses import replace

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.ports.spool import OutboxReader, RecipientUpdate, SpoolUnavailable, Stored


def told_apart(event: TrackingEvent) -> list[TrackingEvent]:
    """An event for each of the recipients that it tells of together."""
    if event.event not in (EventId.SEND, EventId.DEFER, EventId.FAIL, EventId.EXPIRE) or len(event.about) < 2:
        return [event]
    return [replace(event, recipient=address) for address in event.about]


class MemorySpool:
    def __init__(self) -> None:
        self.events: list[TrackingEvent] = []
        self.updates: list[RecipientUpdate] = []
        self.bodies: dict[int, bytes] = {}
        self.stored: dict[int, Message] = {}
        self.is_failing = False
        self._last_id = 1000

    def commit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        future: Future[None] = asyncio.get_running_loop().create_future()
        if self.is_failing:
            future.set_exception(SpoolUnavailable("disk full"))
            return future
        assert message.body is not None
        self.bodies[message.id] = message.body
        self.stored[message.id] = message
        self.events += events
        future.set_result(None)
        return future

    def commit_then(self, message: Message, events: Sequence[TrackingEvent], then: Stored) -> None:
        self.commit(message, events).add_done_callback(lambda done: then(done.exception()))

    def update(self, updates: Sequence[RecipientUpdate], events: Sequence[TrackingEvent]) -> None:
        self.updates += [RecipientUpdate(update.message_id, copy.copy(update.recipient)) for update in updates]
        self.events += events

    def finish(self, message: Message, event: TrackingEvent) -> None:
        self.update([RecipientUpdate(message.id, recipient) for recipient in message.recipients], [event])

    def rewrite(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        self.events += events

    def record(self, events: Sequence[TrackingEvent]) -> None:
        self.events += events

    async def read_body(self, message_id: int) -> bytes:
        await asyncio.sleep(0)
        if self.is_failing:
            raise SpoolUnavailable("disk gone")
        return self.bodies[message_id]

    def read_message(self, message_id: int) -> Message:
        return copy.deepcopy(self.stored[message_id])

    def read_messages(self, message_ids: Sequence[int]) -> dict[int, Message]:
        return {message_id: self.read_message(message_id) for message_id in message_ids}

    def written(self) -> Future[None]:
        future: Future[None] = asyncio.get_running_loop().create_future()
        if self.is_failing:
            future.set_exception(SpoolUnavailable("disk full"))
        else:
            future.set_result(None)
        return future

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    @property
    def outbox(self) -> OutboxReader:
        raise NotImplementedError

    # What tests ask.

    def happened(self, event: EventId, message_id: int | None = None) -> list[TrackingEvent]:
        """Each recipient's by itself, as if none had the same fate as others."""
        found = [e for e in self.events if e.event is event and message_id in (None, e.message_id)]
        return [one for told in found for one in told_apart(told)]

    def state_of(self, recipient: Recipient) -> Recipient:
        """What was last written about the recipient."""
        return next(u.recipient for u in reversed(self.updates) if u.recipient.index == recipient.index)
