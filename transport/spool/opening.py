"""Opens a spool for work: reads back what there is time for, begins a damaged file anew, gives it an identity."""

from __future__ import annotations

import secrets
import sqlite3
import time
from dataclasses import dataclass, field
from pathlib import Path

from transport.ports.spool import SpoolUnavailable
from transport.spool.backlog import Backlog, take_flag
from transport.spool.failure import is_damage
from transport.spool.recovery import CHUNK, Recovered, extent, recover
from transport.spool.replay import Damage, replay
from transport.spool.salvage import Salvaged, salvage
from transport.spool.schema import Readers


@dataclass(slots=True)
class Opening:
    """``found`` was read already, ``backlog`` is still to be read. ``last_id`` is the last message's, ``identity`` a
    number that this file has and no other, one begun anew included; ``damage`` what was found of it in the journal."""

    connection: sqlite3.Connection
    salvaged: Salvaged | None
    backlog: Backlog
    found: list[Recovered] = field(default_factory=list)
    last_id: int = 0
    next_event: int = 1
    identity: int = 0
    damage: Damage | None = None


def open_spool(
    connection: sqlite3.Connection,
    salvaged: Salvaged | None,
    path: Path,
    readers: Readers,
    *,
    stamp: int,
    patience_s: float,
) -> Opening:
    """Read for ``patience_s``. Raises SpoolUnavailable."""
    reason = "a part of it could not be read" if take_flag(path.parent) else ""
    try:
        if not reason:
            return _read(connection, salvaged, path, readers, patience_s, stamp)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise SpoolUnavailable(f"the spool cannot be read: {error}") from error
        reason = str(error)
    except OSError as error:
        raise SpoolUnavailable(f"the spool's journal cannot be read: {error}") from error
    connection.close()
    connection, salvaged = salvage(path, stamp=stamp, reason=reason)
    return _read(connection, salvaged, path, readers, patience_s, stamp)


def _read(
    connection: sqlite3.Connection,
    salvaged: Salvaged | None,
    path: Path,
    readers: Readers,
    patience_s: float,
    stamp: int,
) -> Opening:
    damage = replay(connection, path.parent, stamp=stamp)
    last_id, next_event = extent(connection)
    found: list[Recovered] = []
    until, after = time.monotonic() + patience_s, 0
    while after < last_id and time.monotonic() < until:
        found.append(recover(connection, after=after, up_to=last_id, limit=CHUNK))
        after = found[-1].last
    backlog = Backlog(readers, path.parent, after=after, up_to=last_id)
    return Opening(connection, salvaged, backlog, found, last_id, next_event, _identity(connection), damage)


def _identity(connection: sqlite3.Connection) -> int:
    """Second copies elsewhere belong to one spool file: a node whose disk was replaced is another to its peers."""
    new = secrets.randbits(62) | 1
    connection.execute("INSERT OR IGNORE INTO mark VALUES ('identity', ?)", (new,))
    row: tuple[int] = connection.execute("SELECT value FROM mark WHERE name = 'identity'").fetchone()
    return row[0]
