"""How many connections one next hop gets: grows while mail is taken, falls when a connection is refused."""

from __future__ import annotations

START = 5.0  # Postfix's initial_destination_concurrency
GROWTH_PER_DELIVERY = 0.05
PAUSE_S = 10.0
BACKLOG_PER_CONNECTION = 4


class Concurrency:
    """Decides; counts nothing itself. ``now`` is monotonic seconds."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = min(START, float(maximum))
        self._paused_until = 0.0

    @property
    def limit(self) -> int:
        return int(self._limit)

    def may_open(self, *, connected: int, connecting: int, backlog: int, now: float) -> bool:
        """Whether another connection is worth while: one for the first message, more when a backlog builds up."""
        if backlog <= 0:
            return False
        if connected + connecting == 0:
            return True
        # One at a time until the first is up: a next hop that is down is asked once, not five times.
        if connecting and (not connected or connecting >= 2):
            return False
        is_wanted = backlog > BACKLOG_PER_CONNECTION * (connected + connecting)
        return is_wanted and connected + connecting < self.limit and now >= self._paused_until

    def delivered(self) -> None:
        """The next hop took a message."""
        if self._limit < self._maximum:
            self._limit = min(self._limit + GROWTH_PER_DELIVERY, float(self._maximum))

    def refused(self, *, connected: int, now: float) -> None:
        """The next hop would not have another connection beside ``connected`` others."""
        self._limit = float(max(1, min(connected, self._maximum)))
        self._paused_until = now + PAUSE_S
