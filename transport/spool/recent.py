"""Tracking events that are in the journal, as the shipper reads them: without the disk. Safe from any thread."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass


@dataclass(slots=True)
class RecentEvents:
    """Events numbered from ``first``, in the journal's segment ``number``."""

    first: int
    events: list[bytes]
    number: int

    @property
    def last(self) -> int:
        return self.first + len(self.events) - 1


class Recent:
    """Events of a batch are seen once all of it is written, and its events in the database too: never with a gap."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: deque[RecentEvents] = deque()
        self._written = 0

    def add(self, group: RecentEvents) -> None:
        with self._lock:
            self._groups.append(group)

    def publish(self, up_to: int) -> None:
        """Every event up to this one is here or in the database."""
        with self._lock:
            self._written = up_to

    def of(self, number: int) -> list[RecentEvents]:
        """What is of one segment."""
        with self._lock:
            return [group for group in self._groups if group.number == number]

    def moved(self, number: int) -> None:
        """What is of that segment is in the database now."""
        with self._lock:
            self._groups = deque(group for group in self._groups if group.number != number)

    def acknowledge(self, up_to: int) -> None:
        with self._lock:
            while self._groups and self._groups[0].last <= up_to:
                self._groups.popleft()

    def after(self, sequence: int) -> tuple[list[RecentEvents], int]:
        """Groups with events after ``sequence``, and the last event to be seen, in the database too."""
        with self._lock:
            written = self._written
            return [group for group in self._groups if sequence < group.last <= written], written
