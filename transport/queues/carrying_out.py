"""Carries an order out on the messages that were chosen for it, a piece at a time, and keeps on disk how far it is."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from itertools import chain

import structlog

from transport.model.envelope import Recipient
from transport.model.queue_order import Job, Verb
from transport.ports.spool import MessageDamaged, Spool, SpoolUnavailable
from transport.queues.actions import Actions
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.order_record import OrderRecord, Target
from transport.queues.transaction import TransactionState
from transport.queues.walk import PIECE, Breath, Chosen, Walk

FIRST_LOOK_S = 1.0
LAST_LOOK_S = 30.0
RESOLVING = (Verb.RESUBMIT, Verb.RETRY)
log = structlog.get_logger(__name__)


async def find(queues: Iterable[DeliveryQueue], targets: Iterable[Target]) -> list[Chosen]:
    """Where ``targets`` are by now, those that still wait."""
    wanted: dict[int, list[Target]] = {}
    for target in targets:
        wanted.setdefault(target.message_id, []).append(target)
    found: list[Chosen] = []
    breath = Breath()
    for queue in queues:
        for transaction in chain.from_iterable(queue.pieces()):
            for target in wanted.get(transaction.message_id, ()):
                indexes = target.indexes & set(transaction.indexes)
                if indexes:
                    found.append(Chosen(queue, transaction, indexes, target.number))
            await breath.take()
    return found


class CarryingOut:
    """One order. ``decided`` waits for what is being resolved and routed again."""

    def __init__(
        self,
        *,
        job: Job,
        actions: Actions,
        record: OrderRecord,
        walk: Walk,
        spool: Spool,
        decided: Callable[[], Awaitable[None]],
    ) -> None:
        self._job = job
        self._actions = actions
        self._record = record
        self._walk = walk
        self._spool = spool
        self._decided = decided
        self._before = frozenset(record.done)  # by a node that died; it may not be on disk
        self._pending: list[Chosen] = []
        self._is_unwritten = False

    async def run(self, chosen: Sequence[Chosen]) -> None:
        """To its end; never raises."""
        job, record = self._job, self._record
        try:
            moved = await self._act(chosen)
            for one in await self._act(await self._where_to(moved)):
                self._leave_out(one)
            self._actions.finish({one.queue for one in chosen})
            await self._spool.written()
        except SpoolUnavailable as error:  # the record stays: nothing is lost if the node dies before that
            self._is_unwritten = True
            job.problem = f"It is not on disk yet, and is written when the disk takes it: {error}"
        except Exception as error:
            log.exception("queues.order_failed", verb=job.verb.value)
            job.problem = f"It ended early: {type(error).__name__}."
            record.end()
        finally:
            job.problem = job.problem or self._actions.why_left_out
            job.is_finished = True
        if not self.is_pending:
            record.end()

    @property
    def is_pending(self) -> bool:
        """Whether deliveries in progress are still to end before all is done, or the disk to take it."""
        return bool(self._pending) or self._is_unwritten

    async def wait(self) -> None:
        """What was ordered about messages that are being delivered is done when that ends: until then a node that
        died has to do it again. Then the record goes: after it a later order on the same messages would be undone."""
        pause_s = FIRST_LOOK_S
        while self._pending:
            await asyncio.sleep(pause_s)
            pause_s = min(pause_s * 2, LAST_LOOK_S)
            self._pending = [one for one in await self._where_to(self._pending) if one.transaction.pending is not None]
        is_written = await self._is_written()
        while not is_written:
            await asyncio.sleep(FIRST_LOOK_S)
            is_written = await self._is_written()
        self._record.end()

    async def _is_written(self) -> bool:
        try:
            await self._spool.written()
        except SpoolUnavailable:
            return False
        return True

    async def _act(self, chosen: Sequence[Chosen]) -> list[Chosen]:
        """Returns those that moved on since they were chosen: a delivery ended."""
        moved, breath = [], Breath()
        for start in range(0, len(chosen), PIECE):
            piece = chosen[start : start + PIECE]
            await self._walk.load(piece)
            for one in piece:
                if one.transaction.state is TransactionState.GONE:
                    moved.append(one)
                else:
                    self._act_on(one)
                await breath.take()
            await self._keep_progress()
        return moved

    async def _keep_progress(self) -> None:
        """Nobody waits for the disk here: while it takes nothing, the rest is done in memory all the same."""
        await self._decided()
        count = self._record.done_count

        def written(future: asyncio.Future[None]) -> None:
            if not future.cancelled() and future.exception() is None:
                self._record.mark_on_disk(count)

        self._spool.written().add_done_callback(written)

    def _act_on(self, one: Chosen) -> None:
        try:
            recipients = [r for r in one.transaction.recipients if r.index in one.indexes]
            highest = self._highest(one)
            is_done = bool(recipients) and self._do(one, recipients, highest)
        except (MessageDamaged, SpoolUnavailable) as error:
            self._actions.why_left_out = str(error)
            is_done = one.number in self._before
        if not is_done:
            self._leave_out(one)
            return
        is_pending = one.transaction.state is TransactionState.ACTIVE and one.transaction.pending is not None
        if is_pending:
            self._pending.append(one)
        self._record.mark_done(one.number, highest=highest, is_pending=is_pending)
        self._job.done = len(self._record.done)

    def _do(self, one: Chosen, recipients: list[Recipient], highest: int) -> bool:
        if one.number not in self._before:
            return self._actions.act(one.queue, one.transaction, recipients)
        is_resolved = highest > self._record.highest[one.number]  # members came in: again they would get it twice
        if not is_resolved and not self._actions.is_as_ordered(one.transaction, recipients):
            why = self._actions.why_left_out
            self._actions.act(one.queue, one.transaction, recipients)
            self._actions.why_left_out = why  # what cannot be done again was done
        return True

    def _highest(self, one: Chosen) -> int:
        if self._job.verb not in RESOLVING:
            return 0
        return max(recipient.index for recipient in one.transaction.message.recipients)

    def _leave_out(self, one: Chosen) -> None:
        if one.number not in self._record.done:
            self._record.mark_left_out(one.number)
            self._job.left_out = len(self._record.left_out)

    async def _where_to(self, moved: Sequence[Chosen]) -> list[Chosen]:
        """Where in their queues they are by now, those that still wait."""
        by_queue: dict[DeliveryQueue, list[Target]] = {}
        for one in moved:
            by_queue.setdefault(one.queue, []).append(_target(one))
        return await _find_each(by_queue)


async def _find_each(by_queue: Mapping[DeliveryQueue, list[Target]]) -> list[Chosen]:
    return [one for queue, targets in by_queue.items() for one in await find([queue], targets)]


def _target(one: Chosen) -> Target:
    return Target(one.number, one.transaction.message_id, one.indexes)
