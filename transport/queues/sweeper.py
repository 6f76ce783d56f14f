"""Looks at every waiting message now and then: what has expired, whose delay is to be told. In small steps, so that a
hundred thousand messages never hold up the loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from itertools import chain

import structlog

from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.parking import Parking
from transport.queues.transaction import Transaction

INTERVAL_S = 15.0
STEP = 200
PARK_STEP = 1000
log = structlog.get_logger(__name__)


class Sweeper:
    """``queues`` gives all queues; ``clock`` unix seconds; long queues are let go of by ``parking``."""

    def __init__(
        self, queues: Callable[[], Iterable[DeliveryQueue]], clock: Callable[[], float], parking: Parking
    ) -> None:
        self._parking = parking
        self._queues = queues
        self._clock = clock
        self._asked: set[DeliveryQueue] = set()
        self._task: asyncio.Task[None] | None = None
        self._nudge = asyncio.Event()

    def soon(self, queue: DeliveryQueue) -> None:
        """Look at ``queue`` at once: its next hop failed."""
        self._asked.add(queue)
        self._nudge.set()

    def start(self) -> None:
        """Begin, once there is something to look at."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._run())

    def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            self._task = None

    async def sweep(self, queues: Iterable[DeliveryQueue]) -> None:
        """Look at every waiting message of ``queues``."""
        for queue in list(queues):
            behind: list[Transaction] = []
            for number, transaction in enumerate(chain.from_iterable(queue.pieces()), start=1):
                queue.sweep(transaction, self._clock())
                if transaction.parked is None and number > self._parking.live:
                    behind.append(transaction)
                if len(behind) == PARK_STEP:
                    await self._parking.park(behind)
                    behind = []
                if number % STEP == 0:
                    await asyncio.sleep(0)
            await self._parking.park(behind)

    async def _run(self) -> None:
        while True:
            try:
                async with asyncio.timeout(INTERVAL_S):
                    await self._nudge.wait()
                self._nudge.clear()
                asked, self._asked = self._asked, set()
            except TimeoutError:
                asked = set(self._queues())
            try:
                await self.sweep(asked)
            except Exception:
                log.exception("queues.sweep_failed")
