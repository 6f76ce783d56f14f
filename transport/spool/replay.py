"""Moves what the journal of a process that was not stopped holds into the database, before anything else is read."""

from __future__ import annotations

import sqlite3
import struct
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from transport.spool.batch import insert, transaction
from transport.spool.frames import FoundBatch, Kind, Record, first_use, scan
from transport.spool.journal import NAMES, UNUSED, read, read_what_can_be
from transport.spool.schema import get_mark, set_mark

log = structlog.get_logger(__name__)
_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Damage:
    """A part of the journal could not be read; ``folder`` keeps the files as they were found."""

    folder: Path

    @property
    def sentence(self) -> str:
        return (
            "A part of the spool's journal was damaged. What could be read of it goes on, a message without readable "
            f"content waits in the Poison queue; the damaged files are kept in {self.folder.name}."
        )


@dataclass(slots=True)
class _Found:
    """What still counts: rows of messages by id, events by the number of the first."""

    messages: dict[int, tuple[int, str, bytes | None]] = field(default_factory=dict)
    events: dict[int, list[bytes]] = field(default_factory=dict)
    is_damaged: bool = False

    def apply(self, record: Record) -> None:
        if not record.is_whole:
            self.is_damaged = True
        if record.kind is Kind.REMOVED and record.is_head_whole:
            for (message_id,) in struct.iter_unpack("<Q", record.head):
                self.messages.pop(message_id, None)
        elif record.kind is Kind.EVENTS and record.is_head_whole:
            self.events[record.id] = record.head.split(b"\n")
        elif record.kind in (Kind.MESSAGE, Kind.FILED):
            envelope = record.head.decode("utf-8", "replace") if record.is_head_whole else _UNREADABLE
            body = record.body if record.kind is Kind.MESSAGE else None
            self.messages[record.id] = (record.id, envelope, body)


def replay(connection: sqlite3.Connection, folder: Path, *, stamp: int) -> Damage | None:
    """Do it in one transaction, then remove the journal. Raises sqlite3.Error, OSError; then all is as it was."""
    found = _Found()
    segments = _segments(connection, folder)
    for number, salt, path in segments:
        is_last = number == segments[-1][0]
        _read(found, path, number, salt, is_last=is_last)
    damage = _keep(folder, stamp) if found.is_damaged else None
    if segments:
        _store(connection, found)
        log.info("spool.replayed", messages=len(found.messages), events=sum(map(len, found.events.values())))
    for name in NAMES:
        (folder / name).unlink(missing_ok=True)
    return damage


def _segments(connection: sqlite3.Connection, folder: Path) -> list[tuple[int, int, Path]]:
    """(number, salt, path) of those in use, in the order in which they were written."""
    found = []
    for name in NAMES:
        path = folder / name
        if not path.exists():
            continue
        use: tuple[int, int] | None = get_mark(connection, f"{name}-number"), get_mark(connection, f"{name}-salt")
        if use == (0, 0):  # the database was begun anew, and does not know it
            use = first_use(_content(path)[0])
        if use is not None and use[0] != UNUSED:
            found.append((*use, path))
    return sorted(found)


def _read(found: _Found, path: Path, number: int, salt: int, *, is_last: bool) -> None:
    data, is_readable = _content(path)
    found.is_damaged |= not is_readable
    batches = list(scan(data, number, salt))
    for batch in batches:
        if batch is None:
            found.is_damaged = True
        elif is_last and is_readable and batch is batches[-1] and not batch.is_whole:
            # Torn by the crash: it was never synced, so nobody was told 250.
            log.warning("spool.torn_batch", path=str(path), at=batch.at)
        else:
            _apply(found, batch)


def _content(path: Path) -> tuple[bytes, bool]:
    """What is in the file, with zeros for what the disk cannot read any more, and whether it could read all."""
    size = path.stat().st_size
    with path.open("rb") as file:
        whole = read(file.fileno(), size, 0)
        return (whole, True) if whole is not None else (read_what_can_be(file.fileno(), size, 0), False)


def _apply(found: _Found, batch: FoundBatch) -> None:
    if not batch.is_whole:
        found.is_damaged = True
    for record in batch.records:
        found.apply(record)


def _keep(folder: Path, stamp: int) -> Damage:
    kept = folder / f"damaged-{stamp}"
    log.error("spool.journal_damaged", kept=str(kept))
    kept.mkdir(mode=0o700, exist_ok=True)
    for name in NAMES:
        if (folder / name).exists():
            (kept / name).write_bytes(_content(folder / name)[0])
    return Damage(kept)


def _store(connection: sqlite3.Connection, found: _Found) -> None:
    moved = {row[0] for row in connection.execute("SELECT id FROM moved")}
    rows = [row for message_id, row in found.messages.items() if message_id not in moved]
    last = max((first + len(events) - 1 for first, events in found.events.items()), default=0)
    with transaction(connection):
        insert(connection, "INSERT OR IGNORE INTO message VALUES", rows)
        connection.executemany(
            "INSERT OR IGNORE INTO outbox VALUES (?, ?, ?)",
            [(first, len(events), b"\n".join(events)) for first, events in found.events.items()],
        )
        connection.execute("DELETE FROM moved")
        set_mark(connection, "numbered", max(last, get_mark(connection, "numbered")))
        for name in NAMES:
            set_mark(connection, f"{name}-number", UNUSED)
