"""What operators see of queued messages and do with them, on a filter: in pieces, so that 100,000 messages never hold
up the loop. Done means on disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from itertools import chain

import structlog

from transport.model.envelope import Message
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Job, Preview, QueueOrder
from transport.model.queued import QueuedMessage
from transport.ports import MessageDamaged, Spool, SpoolUnavailable
from transport.queues import snapshots
from transport.queues.actions import Actions, Refused
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.manager import DeliveryQueues
from transport.queues.selection import Selection, select
from transport.queues.transaction import Transaction, TransactionState
from transport.queues.walk import PIECE, Breath, Chosen, SearchTooLong, Walk
from transport.rules.queue_match import QueueMatch

KEPT_JOBS = 50
log = structlog.get_logger(__name__)


class OrderRefused(Exception):
    """The order cannot be carried out, and nothing was done; ``str()`` says why."""


class StalePreview(OrderRefused):
    """More messages match than the operator was shown."""


@dataclass(frozen=True, slots=True)
class Page:
    """``rows`` from ``offset`` on, of ``total`` messages that match; of more where ``is_partial``: the search took too
    long."""

    total: int
    rows: tuple[QueuedMessage, ...]
    is_partial: bool = False


class QueueControl:
    """All methods run on the engine's loop; ``clock`` gives unix seconds. A page is searched for ``patience_s``, the
    messages of an order are counted for ``count_patience_s``."""

    patience_s = 5.0
    count_patience_s = 10.0

    def __init__(self, queues: DeliveryQueues, spool: Spool, clock: Callable[[], float]) -> None:
        self._queues = queues
        self._spool = spool
        self._clock = clock
        self._walk = Walk(spool)
        self._jobs: dict[int, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_id = int(clock() * 1000)

    async def page(self, wanted: QueueFilter, *, offset: int, limit: int) -> Page:
        """Some of the messages that match, in order of the queues. For a queue as a whole nothing is searched."""
        if wanted.criteria <= {"queue", "connector_id"}:
            return await self._plain_page(wanted, offset, limit)
        total = 0
        rows: list[QueuedMessage] = []
        try:
            async for chosen in self._matching(wanted, patience_s=self.patience_s):
                if offset <= total < offset + limit:
                    rows.append(self._shown(chosen.queue, chosen.transaction))
                total += 1
        except SearchTooLong:
            return Page(total, tuple(rows), is_partial=True)
        return Page(total, tuple(rows))

    async def _plain_page(self, wanted: QueueFilter, offset: int, limit: int) -> Page:
        match, total = QueueMatch(wanted, self._clock()), 0
        rows: list[QueuedMessage] = []
        for queue in self._queues.all():
            if not match.hop(queue.hop):
                continue
            first = max(offset - total, 0)
            room = limit - len(rows)
            total += len(queue)
            if room and first < len(queue):
                found = queue.cut(first, room)
                rows += await self._shown_at_once(queue, found)
        return Page(total, tuple(rows))

    async def _shown_at_once(self, queue: DeliveryQueue, found: list[Transaction]) -> list[QueuedMessage]:
        """But for those that leave while what is only on disk is read."""
        read: dict[int, Message] = {}
        with contextlib.suppress(SpoolUnavailable):  # each row says so itself
            read = await self._walk.read([one.parked for one in found if one.parked is not None])
        known = self._queues.facts(queue)
        here = [one for one in found if one.state is not TransactionState.GONE]
        return [snapshots.queued_message(queue, transaction, known, read) for transaction in here]

    def _shown(self, queue: DeliveryQueue, transaction: Transaction) -> QueuedMessage:
        return snapshots.queued_message(queue, transaction, self._queues.facts(queue))

    async def preview(self, wanted: QueueFilter) -> Preview:
        """How much an order on this filter would touch."""
        messages = 0
        by_queue: dict[str, int] = {}
        by_state: dict[str, int] = {}
        try:
            async for chosen in self._matching(wanted, patience_s=self.count_patience_s):
                messages += 1
                by_queue[chosen.queue.key] = by_queue.get(chosen.queue.key, 0) + 1
                state = snapshots.status_of(chosen.queue, chosen.transaction).value
                by_state[state] = by_state.get(state, 0) + 1
        except SearchTooLong:
            return Preview(messages, by_queue, by_state, is_partial=True)
        return Preview(messages, by_queue, by_state)

    async def select(self, wanted: QueueFilter, *, limit: int) -> Selection:
        """The ids of the messages that match, for an export."""
        return await select(self._matching(wanted, patience_s=self.patience_s), limit)

    async def start(self, order: QueueOrder) -> Job:
        """Begin to carry out ``order``; ``job`` tells how far it is. Raises OrderRefused."""
        try:
            actions = Actions(self._queues, order, self._clock)
        except Refused as error:
            raise OrderRefused(str(error)) from None
        chosen = [one async for one in self._matching(order.filter)]
        if order.at_most is not None and len(chosen) > order.at_most:
            raise StalePreview(f"{len(chosen)} messages match now, {order.at_most} did when you looked.")
        self._last_id = max(self._last_id + 1, int(self._clock() * 1000))
        job = self._jobs[self._last_id] = Job(self._last_id, order.verb, selected=len(chosen))
        for old in list(self._jobs)[:-KEPT_JOBS]:
            del self._jobs[old]
        task = asyncio.get_running_loop().create_task(self._run(job, actions, chosen))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return job

    def job(self, job_id: int) -> Job | None:
        """An order of late."""
        return self._jobs.get(job_id)

    async def release_lifted(self) -> int:
        """Let go on what hold rules that are no more hold."""
        count, breath = 0, Breath()
        for queue in self._queues.all():
            for transaction in chain.from_iterable(queue.pieces() if queue.held_count else ()):
                if transaction.state is TransactionState.HELD and self._queues.is_lifted(transaction):
                    queue.release(transaction, "The hold rule is over.")
                    count += 1
                await breath.take()
            self._queues.revive(queue)
        return count

    async def _run(self, job: Job, actions: Actions, chosen: list[Chosen]) -> None:
        try:
            moved = await self._act(job, actions, chosen)
            job.left_out += len(await self._act(job, actions, await self._where_to(moved)))
            actions.finish({one.queue for one in chosen})
            await self._spool.written()
        except SpoolUnavailable as error:
            job.problem = f"It is not on disk yet, and is written when the disk takes it: {error}"
        except Exception as error:
            log.exception("queues.order_failed", verb=job.verb.value)
            job.problem = f"It ended early: {type(error).__name__}."
        finally:
            job.problem = job.problem or actions.why_left_out
            job.is_finished = True

    async def _act(self, job: Job, actions: Actions, chosen: list[Chosen]) -> list[Chosen]:
        """Returns those that moved on since they were chosen: a delivery ended."""
        moved, breath = [], Breath()
        for start in range(0, len(chosen), PIECE):
            piece = chosen[start : start + PIECE]
            await self._walk.load(piece)
            for one in piece:
                if one.transaction.state is TransactionState.GONE:
                    moved.append(one)
                elif self._act_on(one, actions):
                    job.done += 1
                else:
                    job.left_out += 1
                await breath.take()
        return moved

    def _act_on(self, one: Chosen, actions: Actions) -> bool:
        try:
            recipients = [r for r in one.transaction.recipients if r.index in one.indexes]
        except (MessageDamaged, SpoolUnavailable) as error:
            actions.why_left_out = str(error)
            return False
        return bool(recipients) and actions.act(one.queue, one.transaction, recipients)

    async def _where_to(self, moved: list[Chosen]) -> list[Chosen]:
        """Where in their queues they are by now, those that still wait."""
        wanted = {(one.queue, one.transaction.message_id): one.indexes for one in moved}
        found: list[Chosen] = []
        breath = Breath()
        for queue in {one.queue for one in moved}:
            for transaction in chain.from_iterable(queue.pieces()):
                indexes = wanted.get((queue, transaction.message_id), frozenset()) & set(transaction.indexes)
                if indexes:
                    found.append(Chosen(queue, transaction, indexes))
                await breath.take()
        return found

    async def drain(self, timeout_s: float) -> None:
        """Let what is being carried out end."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=timeout_s)

    def _matching(self, wanted: QueueFilter, *, patience_s: float | None = None) -> AsyncIterator[Chosen]:
        return self._walk.matching(self._queues.all(), QueueMatch(wanted, self._clock()), patience_s=patience_s)
