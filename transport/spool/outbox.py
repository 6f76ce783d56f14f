"""Reads tracking events out of the spool, from any thread, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from transport.spool.recent import Recent
from transport.spool.schema import Readers


class SpoolOutbox:
    """The OutboxReader of a SQLite spool. ``acknowledge`` only asks the writer; it may be repeated."""

    def __init__(self, readers: Readers, recent: Recent, acknowledge: Callable[[int], None]) -> None:
        self._readers = readers
        self._recent = recent
        self._acknowledge = acknowledge

    def read(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` of (sequence, TrackingEvent JSON) after ``after``. Raises sqlite3.Error."""
        # What moves to the database in between is seen twice, never missed.
        recent, written = self._recent.after(after)
        groups = self._stored(after, written, limit)
        groups |= {group.first: group.events for group in recent}
        found: list[tuple[int, bytes]] = []
        for first in sorted(groups):
            for sequence, event in enumerate(groups[first], first):
                if sequence > after:
                    found.append((sequence, event))
            if len(found) >= limit:
                break
        return found[:limit]

    def _stored(self, after: int, written: int, limit: int) -> dict[int, list[bytes]]:
        """Groups of the database by their first number, no more than hold ``limit`` events: hours of them may wait."""
        rows = self._readers.get().execute(
            "SELECT first, events FROM outbox WHERE first + count - 1 > ? AND first + count - 1 <= ? ORDER BY first",
            (after, written),
        )
        groups: dict[int, list[bytes]] = {}
        count = 0
        with closing(rows):  # else it would hold the file as it was
            for first, events in rows:
                groups[first] = group = events.split(b"\n")
                count += min(len(group), first + len(group) - 1 - after)
                if count >= limit:  # whatever is recent and further on is not reached then
                    break
        return groups

    def acknowledge(self, *, up_to: int) -> None:
        self._recent.acknowledge(up_to)
        self._acknowledge(up_to)
