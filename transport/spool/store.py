"""Writes a batch: to the journal what is new or ends soon after it came, to the database what stays.

The order is what makes it safe. What goes to the database is committed there first; a message that moves there is noted
as moved in the same transaction; a segment of the journal is used anew only after a transaction that holds all that
still counted in it. Whatever moment the process ends at, ``replay.py`` finds each message and each event once.
"""

from __future__ import annotations

import os
import secrets
import sqlite3
import struct
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from transport.spool.batch import Batch, insert, transaction
from transport.spool.bodies import Bodies
from transport.spool.damage import leave_out
from transport.spool.failure import is_damage
from transport.spool.frames import BATCH_BYTES, PAGE, RECORD_BYTES, Kind, Record
from transport.spool.journal import SALT_BITS, UNUSED, Journal, Place, Segment
from transport.spool.recent import Recent, RecentEvents
from transport.spool.schema import set_mark

_EMPTY_ENVELOPE = "unreadable"


@dataclass(slots=True)
class Appended:
    """A batch that was written to the journal and waits for its sync. ``length`` 0: there was nothing to write."""

    descriptor: int
    length: int
    records: list[Record]
    events: list[bytes]


class NotWritten(Exception):
    """``left`` is what was not stored of a batch: all its messages, or none where the database took them, and what was
    not stored of the rest. Its cause is what happened."""

    def __init__(self, left: Batch) -> None:
        super().__init__("a batch was not written")
        self.left = left


class Store:
    """Owned by whoever writes the batch of the moment, the writer's thread or the loop; ``journal.find`` and ``recent``
    are for all. ``next_event`` numbers events."""

    def __init__(
        self, connection: sqlite3.Connection, bodies: Bodies, folder: Path, recent: Recent, *, next_event: int
    ) -> None:
        self._connection = connection
        self._bodies = bodies
        self._recent = recent
        self.journal = Journal(folder)
        self.next_event = next_event
        self._last_in_outbox = next_event - 1
        self._recent.publish(next_event - 1)

    def write(self, batch: Batch) -> None:
        """Write all and sync; the batch stays as it is. Raises NotWritten."""
        left = replace(batch)
        try:
            self._write(left)
        except Exception as error:
            raise NotWritten(left) from error

    def _write(self, batch: Batch) -> None:
        """Takes out of the batch what went to the database. Raises sqlite3.Error, OSError."""
        # A spool made anew goes on after what the console has of its node, else its events would pass for known ones.
        self.next_event = max(self.next_event, batch.acknowledged + 1)
        try:
            self._write_files(batch)
            self._make_room(batch)
            self._write_cold(batch)
            self._write_hot(batch)
        except BaseException:
            self._bodies.remove(message_id for message_id, _ in batch.files)  # a full disk needs the room at once
            raise
        self._recent.publish(self.next_event - 1)
        self._bodies.remove(batch.filed)

    def append(self, batch: Batch) -> Appended | None:
        """Write a batch that only the journal takes, as nearly all are, and sync nothing; None, and nothing was done,
        where there is more to do (``write``). Raises OSError; then nothing was stored."""
        if not batch.is_for_journal or (batch.acknowledged and self._last_in_outbox):
            return None
        journal = self.journal
        if not journal.current.number or journal.current.descriptor < 0 or not journal.has_room(_most_bytes(batch)):
            return None
        if batch.removed:
            new = {row[0] for row in batch.messages}
            for (message_id,) in batch.removed:
                if message_id not in new and journal.find(message_id) is None:
                    return None
        self.next_event = max(self.next_event, batch.acknowledged + 1)
        records, events = self._records(batch)
        length = journal.write(records) if records else 0
        return Appended(journal.current.descriptor, length, records, events)

    def synced(self, batch: Batch, appended: Appended) -> None:
        """What was appended is on disk: from now on it counts."""
        self._take(batch, appended.records, appended.events, appended.length)
        self._recent.publish(self.next_event - 1)

    def not_synced(self) -> None:
        """What was appended is refused."""
        self.journal.current.blot()

    def close(self) -> None:
        """Move all that is in the journal to the database. Raises sqlite3.Error, OSError; then it stays where it is."""
        self._settle(self.journal.segments, begin=UNUSED)
        self.journal.remove()

    def _write_files(self, batch: Batch) -> None:
        for message_id, body in batch.files:
            self._bodies.write(message_id, body)
        if batch.files:
            self._bodies.sync_folder()

    def _make_room(self, batch: Batch) -> None:
        """Turn before anything is split: a message that this batch removes must be removed from where it is by then."""
        if not (batch.messages or batch.removed or batch.event_count or batch.probed_at):
            return
        if not self.journal.current.number or not self.journal.has_room(_most_bytes(batch)):
            self._turn()

    def _write_cold(self, batch: Batch) -> None:
        """What concerns the database goes there with all events of the batch, in one transaction."""
        cold, hot_removals = self._split(batch)
        if not cold.is_empty:
            try:
                cold.write(self._connection, first_event=self.next_event)
            except sqlite3.Error as error:
                if not is_damage(error) or not leave_out(cold, self._connection, now=time.time()):
                    raise
                cold.write(self._connection, first_event=self.next_event)
            self._written(cold)
            batch.events = []
        batch.removed, batch.rewritten, batch.states, batch.stated = hot_removals, [], [], []
        if len(cold.messages) > len(cold.moved):
            batch.messages, batch.message_events = [], []

    def _split(self, batch: Batch) -> tuple[Batch, list[tuple[int]]]:
        """What is for the database, and removals that are not."""
        new = {row[0] for row in batch.messages}
        touched = {row[0] for row in batch.states} | {row[1] for row in batch.rewritten}
        cold = Batch(probed_at=batch.probed_at)
        if not touched.isdisjoint(new):  # it is not even written and is another already: all of it to the database
            cold.messages, cold.message_events, new = list(batch.messages), batch.message_events, set()
        hot: list[tuple[int]] = []
        for row in batch.removed:
            (hot if row[0] in new or self.journal.find(row[0]) is not None else cold.removed).append(row)
        done = {row[0] for row in hot}
        cold.states = [row for row in batch.states if row[0] not in done]
        cold.rewritten = [row for row in batch.rewritten if row[1] not in done]
        cold.stated = [row for row in batch.stated if row[0] not in done]
        self._move(cold, touched - done)
        if batch.acknowledged and self._last_in_outbox:
            cold.acknowledged = batch.acknowledged
        if not cold.is_empty:
            cold.events = list(batch.events)
        return cold, hot

    def _move(self, cold: Batch, message_ids: set[int]) -> None:
        for message_id in message_ids:
            place = self.journal.find(message_id)
            if place is not None:
                cold.messages.append(row_of(message_id, place))
                cold.moved.append((message_id, self.journal.number_of(message_id)))

    def _written(self, cold: Batch) -> None:
        for message_id, _ in cold.moved:
            self.journal.forget(message_id)
        if cold.event_count:
            self.next_event += cold.event_count
            self._last_in_outbox = self.next_event - 1
        elif cold.acknowledged >= self._last_in_outbox:
            self._last_in_outbox = 0

    def _write_hot(self, batch: Batch) -> None:
        records, events = self._records(batch)
        if not records and not batch.probed_at:
            return
        self.journal.current.open()
        try:
            length = self.journal.write(records)
            os.fdatasync(self.journal.current.descriptor)
        except OSError:
            self.journal.current.blot()
            raise
        self._take(batch, records, events, length)

    def _take(self, batch: Batch, records: list[Record], events: list[bytes], length: int) -> None:
        self.journal.current.take(records, length)
        for (message_id,) in batch.removed:
            self.journal.forget(message_id)
        if events:
            self._recent.add(RecentEvents(self.next_event, events, self.journal.current.number))
            self.next_event += len(events)

    def _records(self, batch: Batch) -> tuple[list[Record], list[bytes]]:
        records = [
            Record(Kind.MESSAGE if body is not None else Kind.FILED, message_id, envelope.encode(), body or b"")
            for message_id, envelope, body in batch.messages
        ]
        if batch.removed:
            ids = [message_id for (message_id,) in batch.removed]
            records.append(Record(Kind.REMOVED, 0, struct.pack(f"<{len(ids)}Q", *ids)))
        events = batch.message_events + batch.events
        if events:
            records.append(Record(Kind.EVENTS, self.next_event, b"\n".join(events)))
        return records, events

    def _turn(self) -> None:
        """Use the other file, once nothing that counts is in it any more."""
        number = self.journal.current.number + 1
        self._settle([self.journal.other], begin=number)
        self.journal.switch()

    def _settle(self, segments: Sequence[Segment], *, begin: int) -> None:
        """Move what still counts in the segments to the database; from then on they are what ``begin`` says."""
        salt = secrets.randbits(SALT_BITS)
        with transaction(self._connection):
            for segment in segments:
                insert(self._connection, "INSERT OR IGNORE INTO message VALUES", rows_of(segment))
                self._move_events(segment.number)
                self._connection.execute("DELETE FROM moved WHERE number = ?", (segment.number,))
                set_mark(self._connection, f"{segment.path.name}-number", begin)
                set_mark(self._connection, f"{segment.path.name}-salt", salt)
            set_mark(self._connection, "numbered", self.next_event - 1)
        for segment in segments:
            self._recent.moved(segment.number)
            segment.begin(begin, salt)

    def _move_events(self, number: int) -> None:
        rows = [(group.first, len(group.events), b"\n".join(group.events)) for group in self._recent.of(number)]
        if rows:
            self._connection.executemany("INSERT OR IGNORE INTO outbox VALUES (?, ?, ?)", rows)
            self._last_in_outbox = max(self._last_in_outbox, rows[-1][0] + rows[-1][1] - 1)


def _most_bytes(batch: Batch) -> int:
    """What the batch takes in the journal at most, in whole pages."""
    texts = sum(4 * len(envelope) + len(body or b"") for _, envelope, body in batch.messages)  # UTF-8 of a str
    events = sum(map(len, batch.message_events)) + sum(map(len, batch.events)) + batch.event_count
    records = (len(batch.messages) + 2) * RECORD_BYTES
    length = BATCH_BYTES + records + texts + events + 8 * len(batch.removed)
    return length + -length % PAGE


def rows_of(segment: Segment) -> list[tuple[int, str, bytes | None]]:
    """The rows of all messages that still need something."""
    return [row_of(message_id, place) for message_id, place in segment.live.items()]


def row_of(message_id: int, place: Place) -> tuple[int, str, bytes | None]:
    """A message of the journal as a row of the database. What cannot be read is missing there: it goes to the Poison
    queue when its turn comes. Raises OSError."""
    head = place.head()
    body = None if place.is_filed else place.body()
    return message_id, _EMPTY_ENVELOPE if head is None else head.decode("utf-8", "replace"), body
