"""Wakes queues at their times: one heap and one timer for all of them, never a sleeping task for each message."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import Callable
from typing import Protocol

MAX_SLEEP_S = 10.0  # the wall clock may be set: look at it again at least that often


class Sleeper(Protocol):
    """What is woken. It looks itself what is due: a wake-up too many does no harm."""

    def wake(self, now: float) -> None: ...


class Scheduler:
    """``clock`` gives unix seconds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._heap: list[tuple[float, int, Sleeper]] = []
        self._numbers = itertools.count()
        self._timer: asyncio.TimerHandle | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def at(self, when: float, sleeper: Sleeper) -> None:
        """Wake ``sleeper`` at ``when``."""
        heapq.heappush(self._heap, (when, next(self._numbers), sleeper))
        if self._heap[0][0] == when:
            self._arm()

    def run_due(self) -> None:
        """Wake whatever is due by the clock."""
        now = self._clock()
        while self._heap and self._heap[0][0] <= now:
            heapq.heappop(self._heap)[2].wake(now)
        self._arm()

    def stop(self) -> None:
        self._heap.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        if not self._heap:
            return
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        wait = min(max(self._heap[0][0] - self._clock(), 0.0), MAX_SLEEP_S)
        self._timer = self._loop.call_later(wait, self.run_due)
