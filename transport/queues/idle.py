"""Resubmits what waits in queues where nothing has moved for long (Exchange: MaxIdleTimeBeforeResubmit): recipients may
be elsewhere by now. In pieces, as an operator's order would, and with no work for each message that moves."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import NextHop
from transport.ports.spool import MessageDamaged, Spool, SpoolUnavailable
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.manager import DeliveryQueues
from transport.queues.transaction import Transaction, TransactionState
from transport.queues.walk import Breath, Chosen, Walk
from transport.rules.resubmission import REASON, is_due

WAITING = (TransactionState.READY, TransactionState.DEFERRED)
log = structlog.get_logger(__name__)


class IdleQueues:
    """``look`` is called at least once a minute. ``max_idle_s`` gives the setting in force; ``decided`` waits for
    what is being resolved and routed again."""

    def __init__(
        self,
        queues: DeliveryQueues,
        spool: Spool,
        clock: Callable[[], float],
        *,
        max_idle_s: Callable[[], int | None],
        decided: Callable[[], Awaitable[None]],
    ) -> None:
        self._queues = queues
        self._spool = spool
        self._clock = clock
        self._max_idle_s = max_idle_s
        self._decided = decided
        self._walk = Walk(spool)
        self._since: dict[NextHop, float] = {}
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """Note which queues move, and begin with those that did not for long enough."""
        now, max_idle_s = self._clock(), self._max_idle_s()
        queues = [queue for queue in self._queues.all() if queue.is_deliverable]
        self._since = {queue.hop: self._idle_since(queue, now) for queue in queues}
        due = [queue for queue in queues if is_due(idle_since=self._since[queue.hop], max_idle_s=max_idle_s, now=now)]
        if due and max_idle_s is not None and (self._task is None or self._task.done()):
            self._since.update({queue.hop: now for queue in due})
            self._task = asyncio.get_running_loop().create_task(self._run(due, now - max_idle_s))

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()

    def _idle_since(self, queue: DeliveryQueue, now: float) -> float:
        is_idle = bool(queue) and not queue.is_suspended and not queue.outgoing.per_minute(now)
        return self._since.get(queue.hop, now) if is_idle else now

    async def _run(self, queues: list[DeliveryQueue], came_before: float) -> None:
        try:
            for queue in queues:
                count = await self.resubmit(queue, came_before=came_before)
                log.info("queues.resubmitted", queue=queue.key, messages=count)
        except SpoolUnavailable as error:  # what is left waits for the next time
            log.warning("queues.not_resubmitted", reason=str(error))
        except Exception:
            log.exception("queues.resubmission_failed")

    async def resubmit(self, queue: DeliveryQueue, *, came_before: float) -> int:
        """Decide anew about what waits in ``queue`` for that long; returns how much. Raises SpoolUnavailable."""
        count, breath = 0, Breath()
        for piece in queue.waiting.pieces(end=queue.waiting.mark()):  # what comes back stands behind it
            old = [one for one in piece if one.state in WAITING and one.received_at <= came_before]
            await self._walk.load([Chosen(queue, one, frozenset()) for one in old])
            for transaction in old:
                count += self._resubmit(queue, transaction)
                await breath.take()
            await self._decided()
        return count

    def _resubmit(self, queue: DeliveryQueue, transaction: Transaction) -> bool:
        if transaction.state not in WAITING or queue.is_suspended:  # it moved on meanwhile
            return False
        try:
            recipients = [str(one.address) for one in transaction.recipients]
        except MessageDamaged:
            return False
        detail = {"next_hop": queue.key, "recipients": recipients}
        event = TrackingEvent(
            EventId.RESUBMIT, self._clock(), message_id=transaction.message_id, reason=REASON, detail=detail
        )
        self._spool.record([event])
        self._queues.reroute(queue, transaction)
        return True
