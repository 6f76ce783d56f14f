"""Reads tracking events out of the spool, from any thread, on a connection of its own."""

from __future__ import annotations

from collections.abc import Callable

from transport.spool.schema import Readers


class SpoolOutbox:
    """The OutboxReader of a SQLite spool. ``acknowledge`` only asks the writer; it may be repeated."""

    def __init__(self, readers: Readers, acknowledge: Callable[[int], None]) -> None:
        self._readers = readers
        self._acknowledge = acknowledge

    def read(self, *, after: int, limit: int) -> list[tuple[int, bytes]]:
        """Up to ``limit`` of (sequence, TrackingEvent JSON) after ``after``. Raises sqlite3.Error."""
        rows = self._readers.get().execute(
            "SELECT first, events FROM outbox WHERE first + count - 1 > ? ORDER BY first LIMIT ?", (after, limit)
        )
        found: list[tuple[int, bytes]] = []
        for first, events in rows:
            for sequence, event in enumerate(events.split(b"\n"), first):
                if sequence > after:
                    found.append((sequence, event))
            if len(found) >= limit:
                break
        return found[:limit]

    def acknowledge(self, *, up_to: int) -> None:
        self._acknowledge(up_to)
