"""What of a look-up file its owner should mend: references that lead to nobody, groups without members."""

import contextlib
import functools
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from directory.errors import SnapshotUnavailable
from directory.model import RecipientKind
from directory.snapshot_file import current_file

LIMIT = 500
_UNREADABLE = "The look-up file cannot be read: {}."
_GROUPS = ", ".join(f"'{kind.value}'" for kind in RecipientKind if kind.is_group)
_NO_TARGET = """
    SELECT e.guid, e.primary_address FROM entry e LEFT JOIN entry f ON f.guid = e.forwarding_guid
    WHERE e.forwarding_guid IS NOT NULL AND f.guid IS NULL AND e.forwarding_address IS NULL LIMIT ?
"""
_EMPTY = f"""
    SELECT guid, primary_address FROM entry g WHERE kind IN ({_GROUPS}) AND are_members_known AND NOT EXISTS
    (SELECT 1 FROM member m JOIN entry e ON e.guid = m.guid WHERE m.group_guid = g.guid) LIMIT ?
"""  # noqa: S608 - words of our own
_UNKNOWN = "SELECT guid, primary_address FROM entry WHERE NOT are_members_known LIMIT ?"
_QUERIES = {
    "It forwards to an object that is no recipient; mail stays with it.": _NO_TARGET,
    "It is a group without a member that has an address: mail to it is returned.": _EMPTY,
    "It is a dynamic group whose filter cannot be used: mail to it waits.": _UNKNOWN,
}


@dataclass(frozen=True, slots=True)
class Unresolved:
    """One object, and what of it leads nowhere."""

    object_guid: str
    primary_address: str
    text: str


@dataclass(frozen=True, slots=True)
class DomainUse:
    """How many addresses the directory has in a domain, and the first of them."""

    domain: str
    count: int
    examples: tuple[str, ...]


def unresolved(folder: Path) -> list[Unresolved]:
    """Raises SnapshotUnavailable."""
    with _reading(folder) as db:
        return [
            Unresolved(guid, address, text)
            for text, query in _QUERIES.items()
            for guid, address in db.execute(query, (LIMIT,))
        ]


def domains(folder: Path) -> tuple[DomainUse, ...]:
    """The domains of secondary addresses; of one file they are counted once. Raises SnapshotUnavailable."""
    path = current_file(folder)
    try:
        inode = path.stat().st_ino
    except OSError as error:
        raise SnapshotUnavailable(_UNREADABLE.format(error)) from error
    return _domains(path, inode)


@functools.lru_cache(maxsize=2)
def _domains(path: Path, inode: int) -> tuple[DomainUse, ...]:
    """A look-up file never changes; a folder made anew may name another one like it."""
    counts: dict[str, int] = {}
    examples: dict[str, list[str]] = {}
    with _open(path) as db:
        for (key,) in db.execute("SELECT DISTINCT key FROM claim WHERE NOT is_primary"):
            domain = key.rpartition("@")[2]
            counts[domain] = counts.get(domain, 0) + 1
            if counts[domain] <= 5:
                examples.setdefault(domain, []).append(key)
    return tuple(DomainUse(domain, count, tuple(examples[domain])) for domain, count in sorted(counts.items()))


def _reading(folder: Path) -> contextlib.AbstractContextManager[sqlite3.Connection]:
    return _open(current_file(folder))


@contextlib.contextmanager
def _open(path: Path) -> Iterator[sqlite3.Connection]:
    uri = f"{path.absolute().as_uri()}?mode=ro&immutable=1"
    try:
        with contextlib.closing(sqlite3.connect(uri, uri=True)) as db:
            yield db
    except sqlite3.Error as error:
        raise SnapshotUnavailable(_UNREADABLE.format(error)) from error
