"""Nodes that nobody asks for any more, but whose spool still holds something: mail that was accepted is delivered."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Collection
from pathlib import Path


def leftover_nodes(home: Path, asked_for: Collection[str]) -> list[str]:
    """Names of nodes with a spool in the home that is not empty, other than those asked for."""
    spools = sorted((home / "nodes").glob("*/spool.sqlite3"))
    return [path.parent.name for path in spools if path.parent.name not in asked_for and _holds_something(path)]


def _holds_something(spool: Path) -> bool:
    """A message to deliver or an event to ship. A spool that can't be read is started, so that its node says why; so is
    one with a journal, which only a node that was not stopped leaves behind."""
    if any(spool.parent.glob("journal-*")):
        return True
    try:
        with contextlib.closing(sqlite3.connect(f"{spool.resolve().as_uri()}?mode=ro", uri=True)) as connection:
            query = "SELECT EXISTS (SELECT 1 FROM message) OR EXISTS (SELECT 1 FROM outbox)"
            return bool(connection.execute(query).fetchone()[0])
    except sqlite3.Error:
        return True
