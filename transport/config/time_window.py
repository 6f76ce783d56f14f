"""Times of the week as people write them: ``Mon-Fri 07:00-19:00``, ``Sat Sun 08:00-12:00``, ``daily 22:00-06:00``."""

from __future__ import annotations

import re
from dataclasses import dataclass

DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_WINDOW = re.compile(r"(.+?)\s+(\d{1,2}):(\d{2})\s*-\s*(\d{1,2}):(\d{2})")
_DAY_MINUTES = 24 * 60


@dataclass(frozen=True, slots=True)
class Window:
    """``days`` counts from Monday, 0; ``begin`` and ``end`` are minutes of the day. An end before the begin is on the
    next day."""

    days: frozenset[int]
    begin: int
    end: int

    def holds(self, weekday: int, minute: int) -> bool:
        if self.begin < self.end:
            return weekday in self.days and self.begin <= minute < self.end
        return (weekday in self.days and minute >= self.begin) or ((weekday - 1) % 7 in self.days and minute < self.end)

    def __str__(self) -> str:
        return f"{_days_text(self.days)} {_clock(self.begin)}-{_clock(self.end)}"


def parse(text: str) -> Window:
    """Raises ValueError, which says how to write it."""
    match = _WINDOW.fullmatch(text.strip())
    if match is None:
        raise ValueError(
            f"'{text}' is not a time of the week; write for example Mon-Fri 07:00-19:00 or daily 22:00-06:00"
        )
    begin, end = _minutes(match[2], match[3]), _minutes(match[4], match[5])
    if begin in (end, _DAY_MINUTES):
        raise ValueError(f"'{text}' begins when it ends; all day is 00:00-24:00")
    return Window(_days(match[1], text), begin, end)


def _minutes(hours: str, minutes: str) -> int:
    total = int(hours) * 60 + int(minutes)
    if int(minutes) > 59 or total > _DAY_MINUTES:
        raise ValueError(f"'{hours}:{minutes}' is not a time of day")
    return total


def _days(text: str, window: str) -> frozenset[int]:
    if text.casefold() == "daily":
        return frozenset(range(7))
    found: set[int] = set()
    for word in text.split():
        first, _, last = word.partition("-")
        begin, end = _day(first, window), _day(last or first, window)
        found |= {day % 7 for day in range(begin, end + 1 if end >= begin else end + 8)}
    return frozenset(found)


def _day(name: str, window: str) -> int:
    for number, day in enumerate(DAYS):
        if name.casefold() == day.casefold():
            return number
    raise ValueError(f"'{name}' in '{window}' is not a day; days are {', '.join(DAYS)} and daily")


def _days_text(days: frozenset[int]) -> str:
    if len(days) == 7:
        return "daily"
    runs: list[list[int]] = []
    for day in sorted(days):
        if runs and runs[-1][-1] == day - 1:
            runs[-1].append(day)
        else:
            runs.append([day])
    return " ".join(DAYS[run[0]] if len(run) == 1 else f"{DAYS[run[0]]}-{DAYS[run[-1]]}" for run in runs)


def _clock(minutes: int) -> str:
    return f"{minutes // 60:02}:{minutes % 60:02}"
