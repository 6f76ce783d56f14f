"""Reads tracking events out of the spool, from any thread, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import closing
from itertools import count, pairwise

from transport.spool.recent import Recent, RecentEvents
from transport.spool.schema import Readers


class SpoolOutbox:
    """The OutboxReader of a SQLite spool. ``acknowledge`` only asks the writer; it may be repeated."""

    def __init__(self, readers: Readers, recent: Recent, acknowledge: Callable[[int], None]) -> None:
        self._readers = readers
        self._recent = recent
        self._acknowledge = acknowledge

    def read(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` of (sequence, TrackingEvent JSON) after ``after``. Raises sqlite3.Error."""
        recent, written = self._recent.after(after)
        if written <= after:
            return []
        if _reach(recent, after, written):  # as nearly always: the disk is not asked
            return _numbered([(group.first, group.events) for group in recent], after, limit)
        # What moves to the database in between is seen twice, never missed.
        groups = self._stored(after, written, limit)
        groups |= {group.first: group.events for group in recent}
        return _numbered(sorted(groups.items()), after, limit)

    def _stored(self, after: int, written: int, limit: int) -> dict[int, list[bytes]]:
        """Groups of the database by their first number, no more than hold ``limit`` events: hours of them may wait."""
        rows = self._readers.get().execute(
            "SELECT first, events FROM outbox WHERE first + count - 1 > ? AND first + count - 1 <= ? ORDER BY first",
            (after, written),
        )
        groups: dict[int, list[bytes]] = {}
        waiting = 0
        with closing(rows):  # else it would hold the file as it was
            for first, events in rows:
                groups[first] = group = events.split(b"\n")
                waiting += min(len(group), first + len(group) - 1 - after)
                if waiting >= limit:  # whatever is recent and further on is not reached then
                    break
        return groups

    def acknowledge(self, *, up_to: int) -> None:
        self._recent.acknowledge(up_to)
        self._acknowledge(up_to)


def _reach(recent: list[RecentEvents], after: int, written: int) -> bool:
    """Whether they hold all events after ``after``, up to ``written``, without a gap."""
    if not recent or recent[0].first > after + 1 or recent[-1].last != written:
        return False
    return all(later.first == earlier.last + 1 for earlier, later in pairwise(recent))


def _numbered(groups: Iterable[tuple[int, list[bytes]]], after: int, limit: int) -> list[tuple[int, bytes]]:
    found: list[tuple[int, bytes]] = []
    for first, events in groups:
        passed = max(after + 1 - first, 0)
        found += zip(count(first + passed), events[passed:] if passed else events)
        if len(found) >= limit:
            break
    return found[:limit]
