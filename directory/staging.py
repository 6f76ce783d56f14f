"""What a reading has brought so far, aside from what is in use: on disk, so that neither 200,000 recipients nor a run
that broke off cost anything.

A staged reading remembers the controller and its count of changes at the beginning: it can be completed there later.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Self

from directory.delta import digest_of
from directory.model import EntryProblem, Position, Recipient, Severity

_FORMAT = 1
_SCHEMA = f"""
    PRAGMA user_version = {_FORMAT};
    CREATE TABLE about (scope TEXT NOT NULL, invocation_id TEXT, usn INTEGER);
    CREATE TABLE recipient (guid TEXT PRIMARY KEY, digest TEXT NOT NULL, document TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE problem (guid TEXT NOT NULL, dn TEXT NOT NULL, severity TEXT NOT NULL, text TEXT NOT NULL);
"""


class Staging:
    """One reading; a context manager. Belongs to one thread."""

    def __init__(self, db: sqlite3.Connection, path: Path | None = None) -> None:
        self._db = db
        self._path = path

    @classmethod
    def in_memory(cls) -> Self:
        return cls(_made(sqlite3.connect(":memory:", isolation_level=None)))

    @classmethod
    def on_disk(cls, path: Path) -> Self:
        """Goes on with what is there; a file that cannot be used is made anew. Raises OSError, sqlite3.Error."""
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            return cls(_opened(path), path)
        except (sqlite3.Error, ValueError):
            path.unlink(missing_ok=True)
            return cls(_opened(path), path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._db.close()

    def forget(self) -> None:
        """It is applied, or of no use."""
        self.close()
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    def begin(self, *, scope: str, position: Position | None) -> None:
        """A reading from the beginning."""
        self._db.execute("BEGIN")
        for table in ("about", "recipient", "problem"):
            self._db.execute(f"DELETE FROM {table}")  # noqa: S608 - names of our own
        where = (position.invocation_id, position.usn) if position is not None else (None, None)
        self._db.execute("INSERT INTO about VALUES (?, ?, ?)", (scope, *where))
        self._db.execute("COMMIT")

    def broken_off_at(self, *, scope: str, position: Position) -> Position | None:
        """From where a reading of the same scope at the same controller may be completed, if one broke off."""
        row = self._db.execute("SELECT invocation_id, usn FROM about WHERE scope = ?", (scope,)).fetchone()
        if row is None or row[0] != position.invocation_id or row[1] > position.usn or not len(self):
            return None
        return Position(row[0], row[1])

    def add(self, recipients: Iterable[Recipient], skipped: Sequence[tuple[str, EntryProblem]] = ()) -> None:
        """Entries as they were just read; what was known of the same objects goes. One commit."""
        self._db.execute("BEGIN")
        for guid, problem in skipped:
            self._forget(guid)
            self._db.execute("INSERT INTO problem VALUES (?, ?, ?, ?)", (guid, *_row(problem)))
        for one in recipients:
            self._forget(one.object_guid)
            document = json.dumps(one.to_document(), ensure_ascii=False)
            self._db.execute("INSERT INTO recipient VALUES (?, ?, ?)", (one.object_guid, digest_of(one), document))
            notes = [(one.object_guid, one.dn, Severity.NOTED.value, note) for note in one.notes]
            self._db.executemany("INSERT INTO problem VALUES (?, ?, ?, ?)", notes)
        self._db.execute("COMMIT")

    def keep_only(self, guids: set[str]) -> None:
        """Drop what is gone meanwhile."""
        gone = self.guids() - guids
        self._db.execute("BEGIN")
        for guid in gone:
            self._forget(guid)
        self._db.execute("COMMIT")

    def guids(self) -> set[str]:
        return {guid for (guid,) in self._db.execute("SELECT guid FROM recipient")}

    def digests(self) -> Iterator[tuple[str, str]]:
        yield from self._db.execute("SELECT guid, digest FROM recipient")

    def fetch(self, guids: Iterable[str]) -> list[Recipient]:
        find = "SELECT document FROM recipient WHERE guid = ?"
        rows = [self._db.execute(find, (guid,)).fetchone() for guid in guids]
        return [Recipient.from_document(json.loads(document)) for row in rows if row for document in row]

    def __iter__(self) -> Iterator[Recipient]:
        for (document,) in self._db.execute("SELECT document FROM recipient"):
            yield Recipient.from_document(json.loads(document))

    def __len__(self) -> int:
        (count,) = self._db.execute("SELECT count(*) FROM recipient").fetchone()
        return int(count)

    @property
    def problem_count(self) -> int:
        (count,) = self._db.execute("SELECT count(*) FROM problem").fetchone()
        return int(count)

    def problems(self, limit: int = -1) -> list[EntryProblem]:
        """Entries that are skipped first, then by name."""
        rows = self._db.execute(
            "SELECT dn, severity, text FROM problem ORDER BY severity <> 'skipped', dn LIMIT ?", (limit,)
        )
        return [EntryProblem(dn, Severity(severity), text) for dn, severity, text in rows]

    def _forget(self, guid: str) -> None:
        self._db.execute("DELETE FROM recipient WHERE guid = ?", (guid,))
        self._db.execute("DELETE FROM problem WHERE guid = ?", (guid,))


def _opened(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")  # what a crash of the machine takes is read again
        (found,) = db.execute("PRAGMA user_version").fetchone()
        if found == 0:
            return _made(db)
        if found != _FORMAT:
            raise ValueError(f"format {found}")
        return db
    except BaseException:
        with contextlib.suppress(sqlite3.Error):
            db.close()
        raise


def _made(db: sqlite3.Connection) -> sqlite3.Connection:
    db.executescript(_SCHEMA)
    db.execute("CREATE INDEX problem_guid ON problem (guid)")
    return db


def _row(problem: EntryProblem) -> tuple[str, str, str]:
    return problem.dn, problem.severity.value, problem.text
