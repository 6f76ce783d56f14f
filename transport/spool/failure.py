"""What an error of the disk means for mail: no room, read only, or simply broken. The same words in log and page."""

from __future__ import annotations

import errno
import sqlite3

from transport.ports.spool import SpoolFull, SpoolUnavailable

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})


def unavailable(error: BaseException) -> SpoolUnavailable:
    """The error of a commit as the engine knows it."""
    if isinstance(error, OSError) and error.errno in _FULL:
        return SpoolFull(f"the spool's disk is full: {error}")
    code = primary_code(error)
    if code == sqlite3.SQLITE_FULL:
        return SpoolFull(f"the spool's disk is full: {error}")
    if code == sqlite3.SQLITE_READONLY or (isinstance(error, OSError) and error.errno == errno.EROFS):
        return SpoolUnavailable(f"the spool can only be read: {error}")
    return SpoolUnavailable(f"the spool cannot be written: {error}")


def is_damage(error: BaseException) -> bool:
    """Whether the file itself is broken: trying again does not help."""
    return primary_code(error) in _DAMAGED


def primary_code(error: BaseException) -> int:
    """SQLite's primary result code; 0 for any other error."""
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF
