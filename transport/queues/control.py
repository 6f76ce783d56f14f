"""What operators see of queued messages and do with them, on a filter: in pieces, so that 100,000 messages never hold
up the loop. Done means on disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

import structlog

from transport.model.envelope import Message
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Job, Preview, QueueOrder
from transport.model.queued import QueuedMessage
from transport.ports.spool import Spool, SpoolUnavailable
from transport.queues import snapshots
from transport.queues.actions import Actions, Refused
from transport.queues.carrying_out import CarryingOut, find
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.manager import DeliveryQueues
from transport.queues.order_record import SUFFIX, OrderRecord, Target, read_all
from transport.queues.selection import Selection, select
from transport.queues.transaction import Transaction, TransactionState
from transport.queues.walk import Breath, Chosen, SearchTooLong, Walk
from transport.rules.queue_match import QueueMatch

KEPT_JOBS = 50
MAX_TRIES = 3
log = structlog.get_logger(__name__)


async def nothing_to_decide() -> None:
    """Where nothing is routed again."""


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
    messages of an order are counted for ``count_patience_s``. Orders that are begun are kept in ``folder``,
    over the death of the node; ``decided`` waits for what is being routed again."""

    patience_s = 5.0
    count_patience_s = 10.0

    def __init__(
        self,
        queues: DeliveryQueues,
        spool: Spool,
        clock: Callable[[], float],
        *,
        folder: Path | None = None,
        decided: Callable[[], Awaitable[None]] = nothing_to_decide,
    ) -> None:
        self._queues = queues
        self._spool = spool
        self._clock = clock
        self._walk = Walk(spool)
        self._jobs: dict[int, Job] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._waiting: set[asyncio.Task[None]] = set()
        self._folder = folder
        self._decided = decided
        self._is_taken_up = False
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
        chosen = [replace(one, number=number) for number, one in enumerate(chosen)]
        self._last_id = max(self._last_id + 1, int(self._clock() * 1000))
        record = await self._begin(self._last_id, order, chosen)
        job = self._jobs[record.job_id] = Job(record.job_id, order.verb, selected=len(chosen))
        for old in list(self._jobs)[:-KEPT_JOBS]:
            del self._jobs[old]
        self._spawn(self._carry_out(job, actions, record, chosen))
        return job

    async def _begin(self, job_id: int, order: QueueOrder, chosen: Sequence[Chosen]) -> OrderRecord:
        targets = [Target(one.number, one.transaction.message_id, one.indexes) for one in chosen]
        path = self._folder / f"{job_id}{SUFFIX}" if self._folder is not None else None
        record = OrderRecord(job_id, order, targets, path)
        try:
            await asyncio.get_running_loop().run_in_executor(None, record.begin)
        except OSError as error:  # a full disk is no reason to refuse an order that may make room on it
            log.warning("queues.order_not_kept", job=job_id, reason=str(error))
        return record

    async def take_up(self) -> None:
        """Go on with the orders that a node which died had begun; call it when the spool is read. What they did is not
        done again, and they mean no other messages than they did."""
        if self._folder is None or self._is_taken_up:
            return
        self._is_taken_up = True
        records = await asyncio.get_running_loop().run_in_executor(None, read_all, self._folder)
        for record in records:
            self._last_id = max(self._last_id, record.job_id)
            done, left_out = len(record.done), len(record.left_out)
            self._jobs[record.job_id] = Job(record.job_id, record.order.verb, len(record.targets), done, left_out)
        if records:
            self._spawn(self._go_on(records))

    async def _go_on(self, records: Sequence[OrderRecord]) -> None:
        """In the order in which they were given."""
        for record in records:
            job, order = self._jobs[record.job_id], record.order
            log.warning(
                "queues.order_taken_up", job=job.id, verb=order.verb.value, selected=job.selected, done=job.done
            )
            try:
                if record.tries >= MAX_TRIES:
                    raise Refused(
                        f"The node ended {MAX_TRIES} times while it did this: order it again for what is left."
                    )
                record.mark_taken_up()
                actions = Actions(self._queues, order, self._clock)
            except Refused as error:
                log.error("queues.order_given_up", job=job.id, verb=order.verb.value, done=job.done, reason=str(error))
                job.problem, job.is_finished = str(error), True
                record.end()
                continue
            await self._carry_out(job, actions, record, await find(self._queues.all(), record.remaining))

    async def _carry_out(self, job: Job, actions: Actions, record: OrderRecord, chosen: Sequence[Chosen]) -> None:
        work = CarryingOut(
            job=job, actions=actions, record=record, walk=self._walk, spool=self._spool, decided=self._decided
        )
        await work.run(chosen)
        log.info("queues.order_ended", job=job.id, verb=job.verb.value, selected=job.selected, done=job.done)
        if work.is_pending:
            self._waiting.add(task := asyncio.get_running_loop().create_task(work.wait()))
            task.add_done_callback(self._waiting.discard)

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def job(self, job_id: int) -> Job | None:
        """An order of late."""
        return self._jobs.get(job_id)

    async def release_lifted(self) -> int:
        """Let go on what hold rules that are no more hold."""
        count, breath = 0, Breath()
        for queue in self._queues.all():
            for transaction in chain.from_iterable(queue.pieces() if queue.held_count else ()):
                if (
                    transaction.state is TransactionState.HELD
                    and self._queues.is_lifted(transaction)
                    and queue.read(transaction)
                ):
                    queue.release(transaction, "The hold rule is over.")
                    count += 1
                await breath.take()
            self._queues.revive(queue)
        return count

    async def drain(self, timeout_s: float) -> None:
        """Let what is being carried out end; what does not is taken up at the next start."""
        for task in self._waiting:
            task.cancel()
        if self._tasks:
            _, going_on = await asyncio.wait(list(self._tasks), timeout=timeout_s)
            for task in going_on:
                task.cancel()

    def _matching(self, wanted: QueueFilter, *, patience_s: float | None = None) -> AsyncIterator[Chosen]:
        return self._walk.matching(self._queues.all(), QueueMatch(wanted, self._clock()), patience_s=patience_s)
