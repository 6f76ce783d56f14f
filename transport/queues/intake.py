"""Where accepted mail enters the engine: decide where it goes, commit it, queue it. The only real Intake."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from functools import partial

import structlog

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import POISON, SUBMISSION
from transport.model.outcome import Outcome
from transport.ports.recipients import RecipientLookup
from transport.ports.spool import MessageDamaged, Spool, SpoolUnavailable, Stored
from transport.queues import ruled
from transport.queues.categorizer import Categorized, Copy, categorize
from transport.queues.choosing import plain_routes
from transport.queues.forms import BodyNeeded, TakenByList
from transport.queues.holding import Holding
from transport.queues.manager import DeliveryQueues
from transport.queues.resolving import Failed
from transport.queues.storing import all_of, copy_received, tell_stored
from transport.rules.ruleset import Ruleset

log = structlog.get_logger(__name__)
Commit = Callable[[Message, Sequence[TrackingEvent]], Future[None]]


class EngineIntake:
    """Resolves and routes under the ruleset it was last given (``apply``); ``holding`` are the hold rules in force.

    ``commit`` stores what is accepted.
    """

    def __init__(
        self,
        *,
        spool: Spool,
        queues: DeliveryQueues,
        lookup: RecipientLookup,
        ruleset: Ruleset,
        clock: Callable[[], float],
    ) -> None:
        self._spool = spool
        self._queues = queues
        self._lookup = lookup
        self._ruleset = ruleset
        self._clock = clock
        self._tasks: set[asyncio.Task[None]] = set()
        self.holding = Holding()
        self.commit: Commit = spool.commit
        self.why_not_accepting = ""
        self.why_not_from_outside = ""

    def apply(self, ruleset: Ruleset) -> None:
        """Decide by ``ruleset`` from now on."""
        self._ruleset = ruleset

    def new_id(self) -> int:
        return self._spool.new_id()

    def record(self, events: Sequence[TrackingEvent]) -> None:
        self._spool.record(events)

    def submit(
        self, message: Message, events: Sequence[TrackingEvent], *, given_up: Failed | None = None
    ) -> Future[None]:
        """See Intake. Recipients in ``given_up`` are not tried: the sender hears why."""
        todo = message.recipients
        if given_up:
            out = {id(recipient) for recipient, _ in given_up}
            todo = [recipient for recipient in todo if id(recipient) not in out]
        told = _told_by_rules(message)
        decided = self._decide(message, todo)
        decided.failed += given_up or ()
        stored = self._submit(message, events, decided)
        if told is not None:
            stored.add_done_callback(partial(self._tell_by_rules, told))
        return stored

    def take(self, message: Message, event: TrackingEvent, then: Stored) -> None:
        """See Intake."""
        is_stored_here = self.commit == self._spool.commit
        is_plain = is_stored_here and not self.holding
        routes = plain_routes(self._ruleset, message, event.about) if is_plain else None
        if routes is not None:
            event.detail["routes"] = routes
            self._spool.commit_then(message, (event,), partial(self._taken, message, (), then))
            return
        decided = self._decide(message, message.recipients)
        if decided.copies or decided.taken is not None or not is_stored_here:
            self._submit(message, [event], decided).add_done_callback(partial(tell_stored, then))
            return
        event.detail["routes"] = decided.routes
        events = [event, *decided.events]
        self._spool.commit_then(message, events, partial(self._taken, message, decided.failed, then))

    def _taken(
        self,
        message: Message,
        failed: Sequence[tuple[Recipient, Outcome]],
        then: Stored,
        error: SpoolUnavailable | None,
    ) -> None:
        try:
            if error is None and failed:
                self._queue(message, message.recipients, failed)
            elif error is None:
                self._queues.enqueue(message, message.recipients)
        finally:
            then(error)

    def _submit(self, message: Message, events: Sequence[TrackingEvent], decided: Categorized) -> Future[None]:
        if events:
            events[0].detail["routes"] = decided.routes
        copies = [self._commit_copy(message, copy) for copy in decided.copies]
        future = self.commit(message, [*events, *decided.events])
        future.add_done_callback(partial(self._committed, message, decided.failed))
        whole = all_of([*copies, future]) if copies else future
        if decided.taken is not None:
            whole.add_done_callback(partial(self._tell_taken, decided.taken))
        return whole

    def _committed(self, message: Message, failed: Failed, done: Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._queue(message, message.recipients, failed)

    def _tell_taken(self, taken: TakenByList, done: Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._queues.tell_delivered(taken.message, taken.told)

    def _tell_by_rules(self, message: Message, done: Future[None]) -> None:
        if not done.cancelled() and done.exception() is None and message.ruled is not None:
            self._queues.tell_by_rules(message, message.ruled.notices)

    def _commit_copy(self, original: Message, copy: Copy, let_go: Collection[int] = ()) -> Future[None]:
        """A copy stands in the spool and in the trace like any message, and names the one that it came of. Those in
        ``let_go`` (by ``id()``) are not held."""
        events = [copy_received(original, copy, self._clock())]
        if self.holding or copy.message.ruled is not None:
            coming = [one for one in copy.message.recipients if id(one) not in let_go]
            events += self._hold(copy.message, coming, copy.failed)
        future = self.commit(copy.message, events)
        future.add_done_callback(partial(self._committed, copy.message, copy.failed))
        return future

    def decide_again(self, message: Message, recipients: Sequence[Recipient]) -> None:
        """Resolve and route recipients of a message that is in the spool already, and queue them anew."""
        kept = {id(r) for r in message.recipients} - {id(r) for r in recipients}
        if message.ruled is not None:
            message.ruled = message.ruled.kept  # held once: an operator let it go
        try:
            decided = self._decide(message, recipients, is_stored=True)
        except BodyNeeded:
            task = asyncio.get_running_loop().create_task(self._decide_with_body(message, recipients, kept))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        else:
            self._decided_again(message, decided, kept)

    async def _decide_with_body(self, message: Message, recipients: Sequence[Recipient], kept: set[int]) -> None:
        """Copies are committed before the message lets go of their recipients: a crash in between sends twice."""
        before = list(message.recipients)
        try:
            message.body = await self._spool.read_body(message.id)
            decided = self._decide(message, recipients, is_stored=True)
            if decided.copies:
                await all_of([self._commit_copy(message, copy, decided.known) for copy in decided.copies])
        except SpoolUnavailable as error:
            message.recipients = before
            for recipient in recipients:
                recipient.next_hop, recipient.last_reason = SUBMISSION, str(error)
            self._queues.enqueue(message, recipients)
        except (MessageDamaged, KeyError) as error:
            log.error("queue.message_set_aside", queue_id=message.queue_id, reason=str(error))
            self._queues.set_aside(message, list(recipients), f"The message cannot be read from the spool: {error}")
        else:
            self._decided_again(message, decided, kept)

    def _decided_again(self, message: Message, decided: Categorized, kept: set[int]) -> None:
        now = self._clock()
        told = [
            TrackingEvent(
                EventId.ROUTE, now, message_id=message.id, recipient=", ".join(row["recipients"][:10]), detail=row
            )
            for row in decided.routes
        ]
        self._spool.rewrite(message, [*decided.events, *told])
        if decided.taken is not None:
            self._queues.tell_delivered(decided.taken.message, decided.taken.told)
        self._queue(message, [r for r in message.recipients if id(r) not in kept], decided.failed)

    async def decided(self) -> None:
        """Wait until what needs its body to be decided again by now is."""
        if self._tasks:
            await asyncio.wait(set(self._tasks))

    def recover(self, message: Message) -> None:
        """Queue a message found in the spool at start."""
        waiting = [r for r in message.recipients if not r.status.is_final]
        if any(r.next_hop is None for r in waiting):
            self.decide_again(message, waiting)
        else:
            self._queues.enqueue(message, waiting, is_stored=True)

    def stop(self) -> None:
        """Give up what is being decided: its recipients are in the spool as they were."""
        for task in self._tasks:
            task.cancel()

    def _decide(self, message: Message, recipients: Sequence[Recipient], *, is_stored: bool = False) -> Categorized:
        is_new_by_rules = message.ruled is not None and not is_stored
        if is_new_by_rules and message.ruled is not None and message.ruled.is_deleted:
            ruled.delete(message, self._clock())
            return Categorized()
        may_hold = bool(self.holding) or is_new_by_rules
        kept = {id(r) for r in message.recipients} - {id(r) for r in recipients} if may_hold else set()
        try:
            decided = categorize(
                self._ruleset,
                message,
                recipients,
                self._lookup,
                now=self._clock(),
                new_id=self._spool.new_id,
                is_stored=is_stored,
            )
            if may_hold:
                if is_stored:  # held once: what goes on by now, an operator let go
                    kept |= decided.known
                coming = [r for r in message.recipients if id(r) not in kept]
                decided.events += self._hold(message, coming, decided.failed)
            return decided
        except BodyNeeded:
            raise
        except Exception:
            # A message that breaks the categorizer is kept for an operator, not lost and not tried for ever.
            log.exception("message.poisoned", queue_id=message.queue_id)
            for recipient in recipients:
                recipient.next_hop = POISON
                recipient.last_reason = "The message could not be resolved and routed."
            return Categorized()

    def _hold(self, message: Message, recipients: Sequence[Recipient], failed: Failed) -> list[TrackingEvent]:
        given_up = {id(recipient) for recipient, _ in failed}
        going = [recipient for recipient in recipients if id(recipient) not in given_up]
        now = self._clock()
        return self.holding.hold(message, going, now) + ruled.hold(message, going, now)

    def _queue(
        self, message: Message, recipients: Sequence[Recipient], failed: Sequence[tuple[Recipient, Outcome]]
    ) -> None:
        given_up = {id(recipient) for recipient, _ in failed}
        if given_up:
            self._queues.fail(message, failed)
        self._queues.enqueue(message, [r for r in recipients if id(r) not in given_up])


def _told_by_rules(message: Message) -> Message | None:
    """What notices of rules are about: deciding gives the message other recipients, and often another sender."""
    if message.ruled is None or not message.ruled.notices:
        return None
    return replace(message, body=None, recipients=list(message.recipients))
