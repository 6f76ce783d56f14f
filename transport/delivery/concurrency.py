"""How many connections one next hop gets: more while it takes mail, fewer when it refuses one."""

from __future__ import annotations

START = 5.0  # Postfix's initial_destination_concurrency
GROWTH_PER_DELIVERY = 0.05
CAUTIOUS_GROWTH = 0.005
PAUSE_S = 10.0
LONGEST_PAUSE_S = 300.0
BACKLOG_PER_CONNECTION = 4


class Concurrency:
    """Decides; counts nothing itself. ``now`` is monotonic seconds. After a refusal it grows by small steps only, and
    each refusal in a row doubles the time in which no connection is added."""

    def __init__(self, maximum: int) -> None:
        self._maximum = maximum
        self._limit = min(START, float(maximum))
        self._growth = GROWTH_PER_DELIVERY
        self._paused_until = 0.0
        self._pause_s = PAUSE_S
        self._refused_at = 0.0
        self._refusal = ""

    @property
    def limit(self) -> int:
        """How many connections there may be now."""
        return int(self._limit)

    @property
    def because(self) -> str:
        """A sentence: what decides about the limit. May quote the next hop: hostile text."""
        if self._refusal:
            return (
                f"Lowered when the next hop refused another connection ({self._refusal}); it grows while mail is taken."
            )
        if self.limit >= self._maximum:
            return "The send connector's maximum."
        return f"It grows while mail is taken, up to the send connector's maximum of {self._maximum}."

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
            self._limit = min(self._limit + self._growth, float(self._maximum))
        elif self._refusal:
            self._refusal, self._growth, self._pause_s = "", GROWTH_PER_DELIVERY, PAUSE_S

    def refused(self, *, connected: int, now: float, reason: str = "") -> None:
        """The next hop would not have another connection beside ``connected`` others."""
        if self._refusal and now - self._refused_at < 2 * self._pause_s:
            self._pause_s = min(self._pause_s * 2, LONGEST_PAUSE_S)
        self._limit = float(max(1, min(connected, self._maximum)))
        self._growth = CAUTIOUS_GROWTH
        self._paused_until = now + self._pause_s
        self._refused_at = now
        self._refusal = reason or "no reason given"
