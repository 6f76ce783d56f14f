"""Messages per minute over the last minute, in twelve buckets of five seconds."""

from __future__ import annotations

BUCKET_S = 5
BUCKETS = 12


class RateMeter:
    """``now`` is unix seconds and may be any clock that does not run backwards by much."""

    __slots__ = ("_counts", "_tick")

    def __init__(self) -> None:
        self._counts = [0] * BUCKETS
        self._tick = 0

    def add(self, now: float) -> None:
        tick = int(now) // BUCKET_S
        if tick != self._tick:
            self._advance(tick)
        self._counts[tick % BUCKETS] += 1

    def per_minute(self, now: float) -> float:
        self._advance(int(now) // BUCKET_S)
        return float(sum(self._counts))

    def _advance(self, tick: int) -> None:
        for passed in range(1, min(tick - self._tick, BUCKETS) + 1):
            self._counts[(self._tick + passed) % BUCKETS] = 0
        self._tick = tick
