"""How many messages a minute a send connector sends from this node: a token bucket that its queues share."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from transport.model.outcome import Outcome
from transport.queues.courier import Source
from transport.queues.transaction import Transaction

BURST_S = 5.0  # so many seconds' worth may go at once


class Pace:
    """``per_minute`` may be changed at any time; ``monotonic`` gives seconds."""

    def __init__(self, per_minute: int, monotonic: Callable[[], float]) -> None:
        self.per_minute = per_minute
        self._monotonic = monotonic
        self._tokens = self._most
        self._at = monotonic()

    @property
    def _most(self) -> float:
        return max(self.per_minute * BURST_S / 60.0, 1.0)

    @property
    def wait_s(self) -> float:
        """Seconds until a message may go; 0 when one may go now."""
        self._fill()
        return max((1.0 - self._tokens) * 60.0 / self.per_minute, 0.0)

    def spend(self) -> None:
        """A message goes."""
        self._fill()
        self._tokens -= 1.0

    def give_back(self) -> None:
        """It did not go after all."""
        self._tokens = min(self._tokens + 1.0, self._most)

    def because(self) -> str:
        """A sentence where the pace is what a message waits for now, else empty."""
        if self.wait_s <= 0.0:
            return ""
        return (
            f"The send connector sends at most {self.per_minute} messages a minute from a node. Raise its message rate "
            "limit, or wait."
        )

    def _fill(self) -> None:
        now = self._monotonic()
        self._tokens = min(self._tokens + (now - self._at) * self.per_minute / 60.0, self._most)
        self._at = now


class PacedSource:
    """A Source that gives no more than the pace allows; ``later`` is told after how many seconds to ask again."""

    def __init__(self, source: Source, pace: Pace, later: Callable[[float], None]) -> None:
        self._source = source
        self._pace = pace
        self._later = later

    @property
    def backlog(self) -> int:
        backlog = self._source.backlog
        if not backlog:
            return 0
        wait_s = self._pace.wait_s
        if wait_s > 0.0:
            self._later(wait_s)
            return 0
        return backlog

    def take(self) -> Transaction | None:
        if not self.backlog:
            return None
        transaction = self._source.take()
        if transaction is not None:
            self._pace.spend()
        return transaction

    def put_back(self, transaction: Transaction) -> None:
        self._pace.give_back()
        self._source.put_back(transaction)

    def split(self, transaction: Transaction, limit: int) -> None:
        self._source.split(transaction, limit)

    def settle(self, transaction: Transaction, outcomes: Sequence[Outcome | None]) -> None:
        self._source.settle(transaction, outcomes)

    def delivered(self, transaction: Transaction, reply: str, remote: str, tls: str) -> bool:
        return self._source.delivered(transaction, reply, remote, tls)

    def unreachable(self, outcome: Outcome) -> None:
        self._source.unreachable(outcome)
