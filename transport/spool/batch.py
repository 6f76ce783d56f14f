"""One group commit: what has gathered since the last one began, as rows ready to be written."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from transport.ports.spool import Stored

MAX_ROWS_BITS = 6


@dataclass(slots=True)
class Batch:
    """``waiting`` are told once the batch is synced. ``removed`` message ids are deleted with their rows;
    ``stated`` those of them that may have rows in ``recipient``; ``filed`` those whose body is a file.
    ``message_events`` belong to ``messages``; ``events`` to what was stored before. ``probed_at`` is written to see
    whether writing works again. ``moved`` are (id, number) of ``messages`` that stand in the journal's segment too."""

    messages: list[tuple[int, str, bytes | None]] = field(default_factory=list)
    files: list[tuple[int, bytes]] = field(default_factory=list)
    waiting: list[Stored] = field(default_factory=list)
    rewritten: list[tuple[str, int]] = field(default_factory=list)
    states: list[tuple[int, int, str]] = field(default_factory=list)
    removed: list[tuple[int]] = field(default_factory=list)
    stated: list[tuple[int]] = field(default_factory=list)
    filed: list[int] = field(default_factory=list)
    message_events: list[bytes] = field(default_factory=list)
    events: list[bytes] = field(default_factory=list)
    acknowledged: int = 0
    probed_at: int = 0
    moved: list[tuple[int, int]] = field(default_factory=list)

    @property
    def event_count(self) -> int:
        return len(self.message_events) + len(self.events)

    @property
    def is_empty(self) -> bool:
        return not (
            self.waiting
            or self.rewritten
            or self.states
            or self.removed
            or self.events
            or self.acknowledged
            or self.probed_at
        )

    @property
    def size_bytes(self) -> int:
        """Octets of the messages in it."""
        return sum([len(body) for _, _, body in self.messages if body is not None])

    @property
    def is_for_journal(self) -> bool:
        """Whether there is nothing in it of which the database or a file has to know, as far as it can tell."""
        return not (
            self.files or self.rewritten or self.states or self.stated or self.filed or self.probed_at or self.moved
        )

    def put_back(self, failed: Batch) -> None:
        """After a failed commit: outcomes and events of the failed batch go before those gathered since."""
        stored = {row[0] for row in failed.messages}
        newer = stored | {message_id for _, message_id in self.rewritten}  # what was written of them is overtaken
        self.rewritten = [row for row in failed.rewritten if row[1] not in newer] + self.rewritten
        self.states = [row for row in failed.states if row[0] not in newer] + self.states
        self.removed = failed.removed + self.removed
        self.stated = failed.stated + self.stated
        self.filed = failed.filed + self.filed
        self.acknowledged = max(failed.acknowledged, self.acknowledged)
        self.events = failed.events + self.events

    def write(self, connection: sqlite3.Connection, *, first_event: int) -> None:
        """Write all in one transaction of the database and sync. Raises sqlite3.Error; then nothing was stored."""
        with transaction(connection):
            self._write_rows(connection, first_event)

    def _write_rows(self, connection: sqlite3.Connection, first_event: int) -> None:
        insert(connection, "INSERT INTO message VALUES", self.messages)
        if self.moved:
            connection.executemany("INSERT OR REPLACE INTO moved VALUES (?, ?)", self.moved)
        if self.rewritten:
            connection.executemany("UPDATE message SET envelope = ? WHERE id = ?", self.rewritten)
            connection.executemany("DELETE FROM recipient WHERE message_id = ?", [(i,) for _, i in self.rewritten])
        if self.states:
            connection.executemany("INSERT OR REPLACE INTO recipient VALUES (?, ?, ?)", self.states)
        if self.removed:
            ids = json.dumps([message_id for (message_id,) in self.removed])
            connection.execute("DELETE FROM message WHERE id IN (SELECT value FROM json_each(?))", (ids,))
        if self.stated:
            connection.executemany("DELETE FROM recipient WHERE message_id = ?", self.stated)
        if self.event_count:
            row = (first_event, self.event_count, b"\n".join(self.message_events + self.events))
            connection.execute("INSERT INTO outbox VALUES (?, ?, ?)", row)
        if self.acknowledged:
            connection.execute("DELETE FROM outbox WHERE first + count - 1 <= ?", (self.acknowledged,))
            connection.execute("INSERT OR REPLACE INTO mark VALUES ('acknowledged', ?)", (self.acknowledged,))
        if self.probed_at:
            connection.execute("INSERT OR REPLACE INTO mark VALUES ('probed', ?)", (self.probed_at,))


@contextlib.contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """All or nothing, synced at its end. Raises sqlite3.Error."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def insert(connection: sqlite3.Connection, statement: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Several rows with each statement: between two statements the loop's thread fights for the interpreter."""
    if not rows:
        return
    row, done = f"({', '.join('?' * len(rows[0]))})", 0
    while done < len(rows):
        count = 1 << min(MAX_ROWS_BITS, (len(rows) - done).bit_length() - 1)  # few different statements to prepare
        values = [value for given in rows[done : done + count] for value in given]
        connection.execute(f"{statement} {', '.join([row] * count)}", values)
        done += count
