"""What was in the spool at start and is still to be read: a piece at a time, beside new mail.

A part of the file that cannot be read is stepped over, and left for the next start: that begins the file anew.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import structlog

from transport.ports.spool import SpoolUnavailable
from transport.spool.failure import is_damage
from transport.spool.recovery import CHUNK, Recovered, recover
from transport.spool.salvage import over_the_gap
from transport.spool.schema import Readers

_FLAG = "begin-anew"
log = structlog.get_logger(__name__)


class Backlog:
    """Ids above ``after`` up to ``up_to``. ``next`` may be called from any thread, one at a time."""

    def __init__(self, readers: Readers, folder: Path, *, after: int, up_to: int) -> None:
        self._readers = readers
        self._folder = folder
        self._after = after
        self._up_to = up_to
        self.is_damaged = False

    @property
    def is_over(self) -> bool:
        return self._after >= self._up_to

    def next(self, limit: int = CHUNK) -> Recovered:
        """The next piece. Raises SpoolUnavailable."""
        try:
            connection = self._readers.get()
            try:
                found = recover(connection, after=self._after, up_to=self._up_to, limit=limit)
            except sqlite3.Error as error:
                if not is_damage(error):
                    raise
                found = self._one(connection)
        except sqlite3.Error as error:
            raise SpoolUnavailable(f"the spool cannot be read: {error}") from error
        self._after = found.last
        return found

    def _one(self, connection: sqlite3.Connection) -> Recovered:
        """The next message alone, or the step over what cannot be read."""
        try:
            return recover(connection, after=self._after, up_to=self._up_to, limit=1)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise
            log.error("spool.part_unreadable", after=self._after, reason=str(error))
        self.is_damaged = True
        (self._folder / _FLAG).touch()
        return Recovered(last=min(self._behind(connection), self._up_to))

    def _behind(self, connection: sqlite3.Connection) -> int:
        try:
            row = connection.execute(
                "SELECT id FROM message WHERE id > ? ORDER BY id LIMIT 1", (self._after,)
            ).fetchone()
        except sqlite3.Error:
            return over_the_gap(connection, self._after)
        return row[0] if row else self._up_to


def take_flag(folder: Path) -> bool:
    """Whether an earlier run found that the file is to begin anew; asks once."""
    flag = folder / _FLAG
    if not flag.exists():
        return False
    flag.unlink()
    return True
