"""The transactions of one queue, each in one state: ready in order, deferred by time, held, or active. No decisions."""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import Iterator, Mapping
from itertools import chain, islice
from math import inf
from operator import itemgetter

from transport.queues.line import Line
from transport.queues.transaction import Transaction, TransactionState

WAKE_STEP = 1000
NO_SHARES: Mapping[int, int] = {}
_numbers = itertools.count()
READY, DEFERRED, HELD = TransactionState.READY, TransactionState.DEFERRED, TransactionState.HELD


class Waiting:
    """Removing is lazy: the lanes and the heap may hold transactions that moved on; the state tells.

    What is ready stands in the lane of its rank; there is one lane for as long as all have the same. ``shares``: by
    rank, how many may be active at once.
    """

    __slots__ = (
        "_active",
        "_deferred",
        "_hurried",
        "_lane",
        "_lanes",
        "_line",
        "_normal",
        "_shares",
        "deferred_count",
        "ready_count",
    )

    def __init__(self, shares: Mapping[int, int] = NO_SHARES) -> None:
        self._shares = shares
        self._active: dict[int, int] = {}
        self._normal: deque[Transaction] = deque()
        self._lane = self._normal
        self._lanes: dict[int, deque[Transaction]] = {0: self._normal}
        self.ready_count = 0
        self.deferred_count = 0
        self._deferred: list[tuple[float, int, Transaction]] = []
        self._hurried: list[tuple[float, int, Transaction]] = []
        self._line = Line()

    def __len__(self) -> int:
        return len(self._line)

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self._line)

    def pieces(self, begin: int = 0, end: int | None = None) -> Iterator[list[Transaction]]:
        """All of them, or those between two marks, some at a time."""
        return self._line.pieces(begin, end)

    def mark(self) -> int:
        """Who comes from now on stands behind this mark, and nobody else."""
        return self._line.mark()

    def count(self, begin: int) -> int:
        """How many stand behind a mark."""
        return self._line.count(begin)

    def cut(self, offset: int, limit: int) -> list[Transaction]:
        """Some of them, from ``offset`` on."""
        return self._line.cut(offset, limit)

    def push(self, transaction: Transaction) -> None:
        """Ready, after the others."""
        if transaction.place is None:
            self._line.append(transaction)
        transaction.state = READY
        (self._lane_of(transaction.rank) if transaction.rank else self._normal).append(transaction)
        self.ready_count += 1

    def push_front(self, transaction: Transaction) -> None:
        """Ready, before the others."""
        if transaction.place is None:
            self._line.append(transaction)
        transaction.state = READY
        (self._lane_of(transaction.rank) if transaction.rank else self._normal).appendleft(transaction)
        self.ready_count += 1

    def hurry(self, transaction: Transaction) -> None:
        """Ready, before the others, whatever it waited for."""
        self._leave(transaction)
        self.push_front(transaction)

    def _lane_of(self, rank: int) -> deque[Transaction]:
        if rank not in self._lanes:
            self._lanes = dict(sorted([*self._lanes.items(), (rank, deque[Transaction]())], key=itemgetter(0)))
        return self._lanes[rank]

    def first_ready(self) -> Transaction | None:
        """The one that is next."""
        if len(self._lanes) == 1:
            return _first(self._normal)
        for rank, lane in self._lanes.items():
            found = _first(lane)
            if found is not None and not self.has_used_its_share(rank):
                self._lane = lane
                return found
        return None

    def activate_first(self) -> None:
        """``first_ready`` is being delivered from now on."""
        transaction = self._lane.popleft()
        transaction.state = TransactionState.ACTIVE
        self.ready_count -= 1
        if transaction.rank:
            self._active[transaction.rank] = self._active.get(transaction.rank, 0) + 1

    def free_share(self, rank: int) -> None:
        """One of that rank, not 0, is no longer being delivered."""
        self._active[rank] -= 1

    def has_used_its_share(self, rank: int) -> bool:
        """Whether as many of that rank are being delivered as may be at once."""
        share = self._shares.get(rank)
        return share is not None and self._active.get(rank, 0) >= share

    @property
    def takable_count(self) -> int:
        """How many are ready and may go now; at least 1 where one may."""
        if len(self._lanes) == 1:
            return self.ready_count
        kept_back = [lane for rank, lane in self._lanes.items() if self.has_used_its_share(rank)]
        if not kept_back:
            return self.ready_count
        return min(self.ready_count, sum(map(len, self._lanes.values())) - sum(map(len, kept_back)))

    def next_ready(self, limit: int) -> Iterator[Transaction]:
        """About the next ``limit`` of them; some may have moved on."""
        if len(self._lanes) == 1:
            return islice(self._normal, limit)
        return islice(chain.from_iterable(list(self._lanes.values())), limit)

    def is_outranked(self, transaction: Transaction) -> bool:
        """Whether another of a higher priority is ready."""
        lanes = self._lanes.items() if len(self._lanes) > 1 else ()
        return any(_first(lane) is not None for rank, lane in lanes if rank < transaction.rank)

    def defer(self, transaction: Transaction, wake_at: float) -> bool:
        """Waits until ``wake_at``; True when it is now the first to wake."""
        self._leave(transaction)
        if transaction.place is None:
            self._line.append(transaction)
        transaction.state = DEFERRED
        transaction.wake_at = wake_at
        heapq.heappush(self._deferred, (wake_at, next(_numbers), transaction))
        self.deferred_count += 1
        return self._deferred[0][2] is transaction

    def hold(self, transaction: Transaction) -> None:
        """Waits for an operator."""
        self._leave(transaction)
        if transaction.place is None:
            self._line.append(transaction)
        transaction.state = HELD

    def finish(self, transaction: Transaction) -> None:
        """An active one is done."""
        transaction.state = TransactionState.GONE
        self._line.remove(transaction)

    def remove(self, transaction: Transaction) -> None:
        """It is done, or waits elsewhere."""
        self._leave(transaction)
        transaction.state = TransactionState.GONE
        self._line.remove(transaction)

    def wake_due(self, now: float) -> bool:
        """Deferred transactions whose time has come are ready, some at a time: True while more are due."""
        room = WAKE_STEP
        for deferred, until in ((self._hurried, inf), (self._deferred, now)):
            while deferred and (deferred[0][0] <= until or _is_stale(deferred[0])):
                if not room:
                    return True
                room -= 1
                entry = heapq.heappop(deferred)
                if not _is_stale(entry):
                    self.deferred_count -= 1
                    self.push(entry[2])
        return False

    def hurry_all(self) -> None:
        """All that are deferred now are due."""
        few, many = sorted((self._hurried, self._deferred), key=len)
        for entry in few:
            heapq.heappush(many, entry)
        self._hurried, self._deferred = many, []

    @property
    def next_wake_at(self) -> float:
        """When the first deferred transaction is tried again; 0 when there is none."""
        first = self._next_to_wake()
        return first[0] if first is not None else 0.0

    @property
    def first_deferred(self) -> Transaction | None:
        """The one that is tried again first."""
        first = self._next_to_wake()
        return first[2] if first is not None else None

    def _next_to_wake(self) -> tuple[float, int, Transaction] | None:
        if not self.deferred_count:
            self._hurried, self._deferred = [], []  # all that were there moved on: not one by one
        for deferred in (self._hurried, self._deferred):
            while deferred and _is_stale(deferred[0]):
                heapq.heappop(deferred)
            if deferred:
                return deferred[0]
        return None

    def _leave(self, transaction: Transaction) -> None:
        if transaction.place is None:
            return
        if transaction.state is READY:
            self.ready_count -= 1
        elif transaction.state is DEFERRED:
            self.deferred_count -= 1


def _first(ready: deque[Transaction]) -> Transaction | None:
    while ready:
        if ready[0].state is READY:
            return ready[0]
        ready.popleft()
    return None


def _is_stale(entry: tuple[float, int, Transaction]) -> bool:
    """It moved on, or waits for another time by now."""
    return entry[2].state is not DEFERRED or entry[2].wake_at != entry[0]
