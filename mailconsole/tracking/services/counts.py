"""What happened in each minute, as numbers; the order is that of MinuteCounter's columns."""

from __future__ import annotations

from collections.abc import Iterator

ACCEPTED, REFUSED, DELIVERED, DEFERRED, FAILED, BYTES = range(6)


class Counters:
    """Sums by minute. Messages are accepted, commands refused; the rest counts recipients."""

    def __init__(self) -> None:
        self._minutes: dict[int, list[int]] = {}

    def add(self, at: float, what: int, amount: int = 1) -> None:
        minute = int(at) // 60 * 60
        counts = self._minutes.get(minute)
        if counts is None:
            counts = self._minutes[minute] = [0] * 6
        counts[what] += amount

    def __iter__(self) -> Iterator[tuple[int, list[int]]]:
        """(the minute's first unix second, its counts)."""
        return iter(self._minutes.items())
