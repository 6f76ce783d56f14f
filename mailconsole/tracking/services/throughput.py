"""What went through, minute by minute, over all nodes: the source of charts and sparklines."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailconsole.tracking.models import MinuteCounter

SERIES = ("accepted", "delivered", "deferred", "refused", "failed")
MINUTE = timedelta(minutes=1)


class Span(StrEnum):
    """How far back a chart looks."""

    QUARTER = "15m"
    HOUR = "1h"
    THREE_HOURS = "3h"
    DAY = "24h"

    @property
    def length(self) -> timedelta:
        return _LENGTHS[self]

    @property
    def label(self) -> str:
        return f"{self.value[:-1]} {self.value[-1]}"

    @property
    def step(self) -> timedelta:
        """The width of one point: a day in minutes is more than a screen shows."""
        return timedelta(minutes=5) if self is Span.DAY else MINUTE


_LENGTHS = {
    Span.QUARTER: timedelta(minutes=15),
    Span.HOUR: timedelta(hours=1),
    Span.THREE_HOURS: timedelta(hours=3),
    Span.DAY: timedelta(hours=24),
}


@dataclass(frozen=True, slots=True)
class Throughput:
    """Points in time (beginning of each step) and what was counted per minute in each, by series."""

    times: list[datetime]
    values: dict[str, list[float]]


def throughput(*, now: datetime, length: timedelta, step: timedelta = MINUTE) -> Throughput:
    """Everything from `now - length`; minutes in which nothing happened are zero."""
    width = int(step.total_seconds())
    last = int(now.timestamp()) // width * width
    count = int(length.total_seconds()) // width
    begins = [last - width * (count - 1 - index) for index in range(count)]
    found: dict[int, list[int]] = {}
    first = datetime.fromtimestamp(begins[0], tz=now.tzinfo)
    for minute, *counts in MinuteCounter.objects.filter(minute__gte=first).values_list("minute", *SERIES):
        bucket = found.setdefault(int(minute.timestamp()) // width * width, [0] * len(SERIES))
        for index, value in enumerate(counts):
            bucket[index] += value
    minutes = width / 60
    rows: list[list[float]] = [list(found.get(begin, [0] * len(SERIES))) for begin in begins]
    if len(rows) > 1:
        rows[-1] = _as_if_whole(rows[-1], rows[-2], (now.timestamp() - last) / width)
    return Throughput(
        [datetime.fromtimestamp(begin, tz=now.tzinfo) for begin in begins],
        {name: [row[index] / minutes for row in rows] for index, name in enumerate(SERIES)},
    )


def _as_if_whole(current: list[float], before: list[float], elapsed: float) -> list[float]:
    """The step that has only begun, filled up from the one before: else every line would end in a fall."""
    return [now_count + (1 - elapsed) * old_count for now_count, old_count in zip(current, before, strict=True)]
