"""The spool's tables and how the file is opened. One file per process; nobody else writes it.

``message`` holds a message as it was committed; ``recipient`` only recipients whose state changed since; ``outbox``
tracking events, one row for each group of them; ``moved`` messages that stand in a segment of the journal too, where
they count no more; ``mark`` numbers, those of the journal's segments among them. What is not here is in the journal.
"""

from __future__ import annotations

import sqlite3
import threading
from pathlib import Path

from transport.ports.spool import SpoolUnavailable

VERSION = 2

_TABLES = """
CREATE TABLE message (id INTEGER PRIMARY KEY, envelope TEXT NOT NULL, body BLOB);
CREATE TABLE recipient (
    message_id INTEGER NOT NULL, idx INTEGER NOT NULL, state TEXT NOT NULL, PRIMARY KEY (message_id, idx)
) WITHOUT ROWID;
CREATE TABLE outbox (first INTEGER PRIMARY KEY, count INTEGER NOT NULL, events BLOB NOT NULL);
CREATE TABLE mark (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
"""
_JOURNAL = "CREATE TABLE moved (id INTEGER PRIMARY KEY, number INTEGER NOT NULL);"


def open_for_writing(path: Path) -> sqlite3.Connection:
    """Open or make the spool file. Every commit is synced (law 1). Raises SpoolUnavailable."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
        connection.execute("PRAGMA page_size = 4096")  # the smallest commits: measured best for both sizes
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        # Debian's SQLite overwrites what is deleted with zeros: each commit would write every freed page once more.
        connection.execute("PRAGMA secure_delete = OFF")
        connection.execute("PRAGMA cache_size = -32768")
        connection.execute("PRAGMA wal_autocheckpoint = 8000")  # 32 MiB
        _migrate(connection, path)
        path.chmod(0o600)
    except (OSError, sqlite3.Error) as error:
        raise SpoolUnavailable(f"the spool {path} cannot be opened: {error}") from error
    return connection


def get_mark(connection: sqlite3.Connection, name: str) -> int:
    """A number that was kept; 0 when there is none. Raises sqlite3.Error."""
    row = connection.execute("SELECT value FROM mark WHERE name = ?", (name,)).fetchone()
    return row[0] if row else 0


def set_mark(connection: sqlite3.Connection, name: str, value: int) -> None:
    """Keep a number. Raises sqlite3.Error."""
    connection.execute("INSERT OR REPLACE INTO mark VALUES (?, ?)", (name, value))


class Readers:
    """A reading connection for each thread that asks."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._local = threading.local()

    def get(self) -> sqlite3.Connection:
        """This thread's connection. Raises sqlite3.Error."""
        if not hasattr(self._local, "connection"):
            uri = f"{self._path.resolve().as_uri()}?mode=ro"
            self._local.connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=10)
        connection: sqlite3.Connection = self._local.connection
        return connection


def _migrate(connection: sqlite3.Connection, path: Path) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > VERSION:
        raise SpoolUnavailable(f"the spool {path} was made by a newer Mailconsole (format {version})")
    if version < VERSION:
        tables = _JOURNAL if version else f"{_TABLES} {_JOURNAL}"
        connection.executescript(f"BEGIN IMMEDIATE; {tables} PRAGMA user_version = {VERSION}; COMMIT;")
