"""Begins a spool file anew with all that can be read of a damaged one, which is kept in a folder of its own."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from transport.model.envelope import encode_queue_id
from transport.ports.spool import SpoolUnavailable
from transport.spool.failure import is_damage
from transport.spool.schema import open_for_writing

LAST_ID = 2**63 - 1
_FILES = ("", "-wal", "-shm")
log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Salvaged:
    """``folder`` holds the damaged file; ``messages`` were saved from it."""

    folder: Path
    messages: int
    reason: str

    @property
    def sentence(self) -> str:
        count = f"{self.messages:,} message{'' if self.messages == 1 else 's'}"
        return (
            f"The spool file was damaged ({self.reason}). {count} of it could be read and go on; the damaged file is "
            f"kept in {self.folder.name}."
        )


def open_or_salvage(path: Path, *, stamp: int) -> tuple[sqlite3.Connection, Salvaged | None]:
    """Open the spool file; begin a new one where it is no database any more. Raises SpoolUnavailable."""
    try:
        return open_for_writing(path), None
    except SpoolUnavailable as error:
        cause = error.__cause__
        if cause is None or not is_damage(cause):
            raise
        return salvage(path, stamp=stamp, reason=str(cause))


def salvage(path: Path, *, stamp: int, reason: str) -> tuple[sqlite3.Connection, Salvaged]:
    """Move the file, which nobody has open, aside; copy what can be read of it. Raises SpoolUnavailable."""
    folder = path.parent / f"damaged-{stamp}"
    log.error("spool.damaged", reason=reason, kept=str(folder))
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        for ending in _FILES:
            part = path.with_name(path.name + ending)
            if part.exists():
                part.rename(folder / part.name)
    except OSError as error:
        raise SpoolUnavailable(f"the damaged spool {path} cannot be moved aside: {error}") from error
    connection = open_for_writing(path)
    count = _copy(folder / path.name, connection)
    _keep_bodies(path.parent / "bodies", folder, connection)
    return connection, Salvaged(folder, count, reason)


def _copy(damaged: Path, into: sqlite3.Connection) -> int:
    try:
        source = sqlite3.connect(damaged, isolation_level=None)
        source.text_factory = bytes
        source.execute("PRAGMA schema_version")
    except sqlite3.Error:
        return 0
    count = 0
    into.execute("BEGIN IMMEDIATE")
    for message_id in _ids(source):
        count += _copy_message(source, into, message_id)
    _copy_rows(source, into, "SELECT * FROM outbox", "INSERT INTO outbox VALUES (?, ?, ?)")
    _copy_rows(source, into, "SELECT * FROM moved", "INSERT INTO moved VALUES (?, ?)")
    _copy_rows(
        source, into, "SELECT * FROM mark WHERE name <> 'identity'", "INSERT INTO mark VALUES (CAST(? AS TEXT), ?)"
    )
    into.execute("COMMIT")
    source.close()
    return count


def _copy_message(source: sqlite3.Connection, into: sqlite3.Connection, message_id: int) -> int:
    envelope = _one(source, "SELECT CAST(envelope AS BLOB), body IS NULL FROM message WHERE id = ?", message_id)
    if envelope is None:
        return 0
    body = None if envelope[1] else _one(source, "SELECT body FROM message WHERE id = ?", message_id)
    # A body that cannot be read is missing: the message goes to the Poison queue when its turn comes.
    into.execute(
        "INSERT INTO message VALUES (?, CAST(? AS TEXT), ?)", (message_id, envelope[0], body[0] if body else None)
    )
    try:
        states = source.execute("SELECT * FROM recipient WHERE message_id = ?", (message_id,)).fetchall()
        into.executemany("INSERT INTO recipient VALUES (?, ?, CAST(? AS TEXT))", states)
    except sqlite3.Error as error:
        log.error("spool.states_lost", id=message_id, reason=str(error))
    return 1


def _copy_rows(source: sqlite3.Connection, into: sqlite3.Connection, read: str, write: str) -> None:
    try:
        for row in source.execute(read):
            into.execute(write, row)
    except sqlite3.Error as error:
        log.error("spool.rows_lost", statement=read, reason=str(error))


def _ids(source: sqlite3.Connection) -> Iterator[int]:
    """Every id that can be read. Ids rise, so a broken page is a gap in them, which is stepped over."""
    after = 0
    while after < LAST_ID:
        try:
            for (message_id,) in source.execute("SELECT id FROM message WHERE id > ? ORDER BY id", (after,)):
                yield message_id
                after = message_id
            return
        except sqlite3.Error:
            after = over_the_gap(source, after)


def over_the_gap(source: sqlite3.Connection, after: int) -> int:
    """The end of the gap that begins behind ``after``: steps that double, then the exact place by halves."""
    bad, step = after, 1
    while not _can_go_on(source, bad + step):
        bad, step = bad + step, step * 2
        if bad + step >= LAST_ID:
            return LAST_ID
    end = bad + step
    while end - bad > 1:
        middle = (bad + end) // 2
        bad, end = (bad, middle) if _can_go_on(source, middle) else (middle, end)
    return max(end - 1, after + 1)


def _can_go_on(source: sqlite3.Connection, at: int) -> bool:
    try:
        source.execute("SELECT id FROM message WHERE id >= ? ORDER BY id LIMIT 1", (at,)).fetchone()
    except sqlite3.Error:
        return False
    return True


def _one(source: sqlite3.Connection, statement: str, message_id: int) -> tuple[bytes, ...] | None:
    try:
        row: tuple[bytes, ...] | None = source.execute(statement, (message_id,)).fetchone()
    except sqlite3.Error:
        return None
    return row


def _keep_bodies(bodies: Path, folder: Path, connection: sqlite3.Connection) -> None:
    """Bodies whose message could not be read stay beside the damaged file, instead of going as orphans."""
    known = {encode_queue_id(row[0]) for row in connection.execute("SELECT id FROM message WHERE body IS NULL")}
    for path in bodies.glob("*.eml"):
        if path.stem not in known:
            shutil.move(path, folder / path.name)
