"""How many notifications may be sent: to one sender within an hour, and from one node within a minute. Pure.

The first keeps us from being turned against an address (backscatter); what goes beyond it is not sent, and counted. The
second keeps a storm from pushing other mail aside; what goes beyond it waits.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

HOUR_S = 3600.0
BURST_S = 6.0  # so many seconds' worth may go at once
MAX_SENDERS = 20_000


@dataclass(slots=True)
class _Count:
    begun_at: float
    number: int = 0


class SenderLimit:
    """Counts for each address by hours that begin with its first notification; ``now`` is in seconds."""

    def __init__(self) -> None:
        self._counts: OrderedDict[str, _Count] = OrderedDict()

    def admits(self, sender: str, now: float, per_hour: int | None) -> bool:
        """Count one to ``sender``; False when it has had all that it may."""
        if per_hour is None:
            return True
        count = self._counts.get(sender)
        if count is None or not 0 <= now - count.begun_at < HOUR_S:
            count = self._counts[sender] = _Count(now)
        self._counts.move_to_end(sender)
        if len(self._counts) > MAX_SENDERS:
            self._counts.popitem(last=False)
        count.number += 1
        return count.number <= per_hour


class NodePace:
    """A bucket that fills by the minute; ``now`` is monotonic seconds."""

    def __init__(self, now: float) -> None:
        self._spent = 0.0
        self._at = now

    def wait_s(self, now: float, per_minute: int | None) -> float:
        """Spend one and return 0, or the seconds until there is one to spend."""
        if per_minute is None:
            return 0.0
        per_s = per_minute / 60.0
        self._spent = max(self._spent - (now - self._at) * per_s, 0.0)
        self._at = now
        if self._spent + 1.0 > max(per_s * BURST_S, 1.0):
            return (self._spent + 1.0 - max(per_s * BURST_S, 1.0)) / per_s
        self._spent += 1.0
        return 0.0
