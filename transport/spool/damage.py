"""Finds which changes of a batch cannot be written because their pages are damaged, so that the others can."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from transport.model.event import EventId, TrackingEvent
from transport.spool.batch import Batch
from transport.spool.failure import is_damage

Row = TypeVar("Row", bound=tuple[Any, ...])


def leave_out(batch: Batch, connection: sqlite3.Connection, *, now: float) -> bool:
    """Take out of ``batch`` what cannot be written and add an event about it; False when there is no such thing.

    New messages stay: they go to pages of their own. Raises sqlite3.Error.
    """
    lost: set[int] = set()

    def writable(rows: Iterable[Row], statement: str, id_of: Callable[[Row], int]) -> list[Row]:
        kept = []
        for row in rows:
            if _can_write(connection, statement, row):
                kept.append(row)
            else:
                lost.add(id_of(row))
        return kept

    batch.rewritten = writable(batch.rewritten, "UPDATE message SET envelope = ? WHERE id = ?", lambda row: row[1])
    batch.states = writable(batch.states, "INSERT OR REPLACE INTO recipient VALUES (?, ?, ?)", lambda row: row[0])
    batch.removed = writable(batch.removed, "DELETE FROM message WHERE id = ?", lambda row: row[0])
    batch.stated = writable(batch.stated, "DELETE FROM recipient WHERE message_id = ?", lambda row: row[0])
    batch.filed = [message_id for message_id in batch.filed if message_id not in lost]
    if lost:
        batch.events.append(_event(lost, now).to_json())
    return bool(lost)


def _can_write(connection: sqlite3.Connection, statement: str, row: tuple[Any, ...]) -> bool:
    connection.execute("BEGIN IMMEDIATE")  # one for each: after such an error a transaction cannot be committed
    try:
        connection.execute(statement, row)
    except sqlite3.Error as error:
        if not is_damage(error):
            raise
        return False
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
    return True


def _event(lost: set[int], now: float) -> TrackingEvent:
    count = f"{len(lost):,} message{'' if len(lost) == 1 else 's'}"
    reason = (
        f"The spool file is damaged: what became of {count} cannot be written. Restart the node: it begins a new file "
        "with all that can be read of this one."
    )
    detail = {"ids": json.dumps(sorted(lost)[:100]), "level": "High"}
    return TrackingEvent(EventId.SPOOL_DAMAGE, now, reason=reason, detail=detail)
