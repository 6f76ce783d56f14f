"""Which look-up file of a folder is in use, and how such a file is opened."""

import contextlib
import json
import sqlite3
from pathlib import Path

from directory.errors import SnapshotUnavailable
from directory.snapshot_schema import FORMAT

POINTER = "current"


def current_file(folder: Path) -> Path:
    """The file in use. Raises SnapshotUnavailable."""
    try:
        name = str(json.loads((folder / POINTER).read_text())["file"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SnapshotUnavailable("The directory has not been read yet.") from error
    if not name:
        raise SnapshotUnavailable("No directory is in use.")
    return folder / name


def is_newest_format(folder: Path) -> bool:
    """Whether the file in use is as this program writes it; so it is, too, where no directory is in use."""
    try:
        name = str(json.loads((folder / POINTER).read_text())["file"])
        if not name:
            return True
        with contextlib.closing(connected(folder / name)) as connection:
            return format_of(connection) == FORMAT
    except (OSError, sqlite3.Error, ValueError, KeyError, TypeError):
        return False


def connected(path: Path) -> sqlite3.Connection:
    """A look-up file, open to be read. Raises sqlite3.Error."""
    # Immutable: the file never changes after its name is published, so SQLite needs no lock and no -wal beside it.
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    return sqlite3.connect(uri, uri=True, check_same_thread=False, cached_statements=8)


def format_of(connection: sqlite3.Connection) -> int:
    """Which of our formats the file has. Raises sqlite3.Error."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
