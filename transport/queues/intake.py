"""Where accepted mail enters the engine: decide where it goes, commit it, queue it. The only real Intake."""

from __future__ import annotations

from asyncio import Future
from collections.abc import Callable, Sequence
from functools import partial

import structlog

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import POISON
from transport.ports import RecipientLookup, Spool
from transport.queues.categorizer import Categorized, categorize
from transport.queues.manager import DeliveryQueues
from transport.rules.ruleset import Ruleset

log = structlog.get_logger(__name__)


class EngineIntake:
    """Resolves and routes under the ruleset it was last given (``apply``)."""

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
        self.why_not_accepting = ""
        self.why_not_from_outside = ""

    def apply(self, ruleset: Ruleset) -> None:
        """Decide by ``ruleset`` from now on."""
        self._ruleset = ruleset

    def new_id(self) -> int:
        return self._spool.new_id()

    def record(self, events: Sequence[TrackingEvent]) -> None:
        self._spool.record(events)

    def submit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        decided = self._decide(message, message.recipients)
        if events:
            events[0].detail["routes"] = decided.routes
        future = self._spool.commit(message, [*events, *decided.events])
        future.add_done_callback(partial(self._committed, message, decided))
        return future

    def _committed(self, message: Message, decided: Categorized, done: Future[None]) -> None:
        if not done.cancelled() and done.exception() is None:
            self._queue(message, message.recipients, decided)

    def decide_again(self, message: Message, recipients: Sequence[Recipient]) -> None:
        """Resolve and route recipients of a message that is in the spool already, and queue them anew."""
        kept = {id(r) for r in message.recipients} - {id(r) for r in recipients}
        decided = self._decide(message, recipients)
        now = self._clock()
        told = [
            TrackingEvent(
                EventId.ROUTE, now, message_id=message.id, recipient=", ".join(row["recipients"][:10]), detail=row
            )
            for row in decided.routes
        ]
        self._spool.rewrite(message, [*decided.events, *told])
        self._queue(message, [r for r in message.recipients if id(r) not in kept], decided)

    def recover(self, message: Message) -> None:
        """Queue a message found in the spool at start."""
        waiting = [r for r in message.recipients if not r.status.is_final]
        if any(r.next_hop is None for r in waiting):
            self.decide_again(message, waiting)
        else:
            self._queues.enqueue(message, waiting, is_stored=True)

    def _decide(self, message: Message, recipients: Sequence[Recipient]) -> Categorized:
        try:
            return categorize(self._ruleset, message, recipients, self._lookup, now=self._clock())
        except Exception:
            # A message that breaks the categorizer is kept for an operator, not lost and not tried for ever.
            log.exception("message.poisoned", queue_id=message.queue_id)
            for recipient in recipients:
                recipient.next_hop = POISON
                recipient.last_reason = "The message could not be resolved and routed."
            return Categorized()

    def _queue(self, message: Message, recipients: Sequence[Recipient], decided: Categorized) -> None:
        failed = {id(recipient) for recipient, _ in decided.failed}
        if failed:
            self._queues.fail(message, decided.failed)
        self._queues.enqueue(message, [r for r in recipients if id(r) not in failed])
