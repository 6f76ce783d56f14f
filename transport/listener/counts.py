"""What the limits of receive connectors are held against, and how often each was reached."""

from __future__ import annotations

from collections import deque
from typing import TypeVar

from transport.model.limit import Limit, LimitCount

Key = TypeVar("Key")
WINDOW_S = 60.0
SWEEP_S = 10.0


class ConnectionCounts:
    """Connections at once, by connector and by connector and peer."""

    def __init__(self) -> None:
        self._by_connector: dict[str, int] = {}
        self._by_source: dict[tuple[str, str], int] = {}

    def add(self, connector_id: str, peer: str) -> tuple[int, int]:
        """Count one more; returns the connector's connections in all and those of this peer, with this one."""
        in_all = self._by_connector[connector_id] = self._by_connector.get(connector_id, 0) + 1
        source = (connector_id, peer)
        from_source = self._by_source[source] = self._by_source.get(source, 0) + 1
        return in_all, from_source

    def remove(self, connector_id: str, peer: str) -> None:
        """Take back what ``add`` counted."""
        _decrement(self._by_connector, connector_id)
        _decrement(self._by_source, (connector_id, peer))


def _decrement(counts: dict[Key, int], key: Key) -> None:
    counts[key] -= 1
    if not counts[key]:
        del counts[key]


class LimitCounts:
    """How often each limit of each connector decided, since the node started."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, Limit], tuple[int, float]] = {}

    def add(self, connector_id: str, limit: Limit, now: float) -> None:
        count, _ = self._counts.get((connector_id, limit), (0, 0.0))
        self._counts[connector_id, limit] = (count + 1, now)

    @property
    def all(self) -> tuple[LimitCount, ...]:
        """Those that were reached at all."""
        return tuple(LimitCount(*key, *counted) for key, counted in sorted(self._counts.items()))


class MinuteRates:
    """What came of each source in the last minute: messages, or connections. Memory is bounded by the limit and by the
    sources of a minute."""

    def __init__(self) -> None:
        self._times: dict[tuple[str, str], deque[float]] = {}
        self._swept_at = 0.0

    def add(self, connector_id: str, source: str, *, limit: int, now: float) -> int:
        """Count one more; returns how many came within the last minute with it. One above ``limit`` is not kept."""
        self._sweep(now)
        times = self._times.setdefault((connector_id, source), deque())
        while times and times[0] <= now - WINDOW_S:
            times.popleft()
        if len(times) < limit:
            times.append(now)
            return len(times)
        return len(times) + 1

    def _sweep(self, now: float) -> None:
        if now - self._swept_at >= SWEEP_S:
            self._swept_at = now
            self._times = {key: times for key, times in self._times.items() if times and times[-1] > now - WINDOW_S}
