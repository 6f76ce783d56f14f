"""Builds a look-up file aside, syncs it, and swaps it in whole. One writer at a time; readers are never disturbed."""

import contextlib
import fcntl
import json
import os
import re
import shutil
import sqlite3
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from directory.attributes import DISPLAY_NAME, EMAIL, LOGON_NAME
from directory.model import Conflict, Recipient
from directory.snapshot_file import POINTER
from directory.snapshot_schema import FORMAT, INDEXES, SCHEMA, ConflictRule

_KEEP = 2  # the file in use, and the one before for a reader that is just opening it

_INSERT_ENTRY = "INSERT OR REPLACE INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_CONFLICTS = """
    SELECT key, guid FROM claim WHERE key IN (SELECT key FROM claim GROUP BY key HAVING count(*) > 1) ORDER BY key, guid
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What now is in use."""

    version: int
    path: Path
    entry_count: int
    address_count: int
    conflicts: tuple[Conflict, ...]


@dataclass(frozen=True, slots=True)
class Changes:
    """What differs from the current file, if that was made from `since`: objects as they are now, and those gone."""

    since: str
    changed: tuple[Recipient, ...]
    removed: tuple[str, ...]


def publish(
    folder: Path,
    recipients: Iterable[Recipient],
    *,
    read_at: float,
    content: str = "",
    conflict_rule: ConflictRule = ConflictRule.WAIT,
) -> Published:
    """Writes all recipients into a new file and makes it the current one. `read_at` is when they were true.

    `content` names what the file was made from, for `confirm`. `recipients` is consumed while other writers wait, so
    that the last to publish has seen what the others had.
    Raises OSError (no room, no right); the file in use then stays in use.
    """

    def write(part: Path, version: int) -> None:
        with _writing(part) as db:
            db.executescript(SCHEMA)
            db.execute("BEGIN")
            db.execute("INSERT INTO about VALUES (?, 0, ?)", (version, conflict_rule.value))
            for recipient in recipients:
                _insert(db, recipient)
            for index in INDEXES:
                db.execute(index)
            _settle(db, version)
            db.execute("COMMIT")

    folder.mkdir(parents=True, exist_ok=True)
    with _one_writer(folder):
        return _swap_in(folder, write, read_at, content)


def publish_changes(folder: Path, changes: Changes, *, read_at: float, content: str = "") -> Published | None:
    """The current file with these changes, as a new one; None where the current file is not what they are about."""
    if not folder.exists():
        return None
    with _one_writer(folder):
        current = _current(folder, changes.since)
        if current is None:
            return None

        def write(part: Path, version: int) -> None:
            shutil.copyfile(current, part)
            with _writing(part) as db:
                db.execute("BEGIN")
                for guid in (*changes.removed, *(recipient.object_guid for recipient in changes.changed)):
                    _remove(db, guid)
                for recipient in changes.changed:
                    _insert(db, recipient)
                _settle(db, version)
                db.execute("COMMIT")

        return _swap_in(folder, write, read_at, content)


def confirm(folder: Path, *, read_at: float, content: str = "") -> bool:
    """Says that the current file was still true at `read_at`; False where there is none that was made from this."""
    if not folder.exists():
        return False
    with _one_writer(folder):
        current = _current(folder, content)
        if current is None:
            return False
        _point_to(folder, current.name, read_at, content)
    return True


def withdraw(folder: Path) -> None:
    """Takes the look-up file out of use, because no directory is to be asked any more."""
    folder.mkdir(parents=True, exist_ok=True)
    with _one_writer(folder):
        _point_to(folder, "", 0.0, "")


@contextlib.contextmanager
def _one_writer(folder: Path) -> Iterator[None]:
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _current(folder: Path, content: str) -> Path | None:
    """The file in use, where it was made from this."""
    try:
        pointer = json.loads((folder / POINTER).read_text())
        path, made_from = folder / str(pointer["file"]), str(pointer["content"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return path if made_from == _basis(content) and path.is_file() else None


def _swap_in(folder: Path, write: Callable[[Path, int], None], read_at: float, content: str) -> Published:
    version = max((number for number, _ in _files(folder)), default=0) + 1
    path = folder / f"recipients-{version}.sqlite3"
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    try:
        write(part, version)
        _sync(part)
        published = _look_at(part, path, version)
        part.rename(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise
    _point_to(folder, path.name, read_at, content)
    _remove_old(folder)
    return published


@contextlib.contextmanager
def _writing(part: Path) -> Iterator[sqlite3.Connection]:
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
        # Nothing of this file is of use before it is whole and synced, so SQLite need not guard it meanwhile.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        yield db


def _look_at(part: Path, path: Path, version: int) -> Published:
    with contextlib.closing(sqlite3.connect(f"{part.absolute().as_uri()}?mode=ro&immutable=1", uri=True)) as db:
        (entries,) = db.execute("SELECT count(*) FROM entry").fetchone()
        (addresses,) = db.execute("SELECT address_count FROM about").fetchone()
        return Published(version, path, entries, addresses, _conflicts(db))


def _insert(db: sqlite3.Connection, r: Recipient) -> None:
    said = r.restrictions
    taken = "\n".join((*said.accept_from, *said.accept_from_members_of))
    rejected = "\n".join((*said.reject_from, *said.reject_from_members_of))
    row = (
        r.object_guid, r.kind.value, r.primary_address, r.target_address, r.forwarding_address, r.forwarding_guid,
        r.deliver_and_redirect, r.disabled, said.require_auth, r.max_receive_size_kib, r.are_members_known, taken,
        rejected, r.home_server,
    )  # fmt: skip
    db.execute(_INSERT_ENTRY, row)
    claims = [(key, r.object_guid, number == 0) for number, key in enumerate(r.address_keys)]
    db.executemany("INSERT OR REPLACE INTO claim VALUES (?, ?, ?)", claims)
    attributes = _attributes(r)
    if attributes is None or attributes:
        db.execute("INSERT OR REPLACE INTO person VALUES (?, ?, ?)", (r.object_guid, r.manager_guid, attributes or ""))
    if r.member_guids:
        members = [(r.object_guid, guid) for guid in r.member_guids]
        db.executemany("INSERT OR REPLACE INTO member VALUES (?, ?)", members)


def _attributes(r: Recipient) -> str | None:
    """One a line; none contains an end of a line. None where they have not been read yet."""
    if r.kind.is_group:
        return ""
    if r.attributes is None:
        return None
    own = ((DISPLAY_NAME, r.display_name), (EMAIL, r.primary_address), (LOGON_NAME, r.user_principal_name))
    return "\n".join((*(f"{name}={' '.join(said.split())}" for name, said in own if said), *r.attributes))


def _remove(db: sqlite3.Connection, guid: str) -> None:
    db.execute("DELETE FROM entry WHERE guid = ?", (guid,))
    db.execute("DELETE FROM claim WHERE guid = ?", (guid,))
    db.execute("DELETE FROM person WHERE guid = ?", (guid,))
    db.execute("DELETE FROM member WHERE group_guid = ?", (guid,))


def _settle(db: sqlite3.Connection, version: int) -> None:
    (count,) = db.execute("SELECT count(DISTINCT key) FROM claim").fetchone()
    db.execute("UPDATE about SET version = ?, address_count = ?", (version, count))


def _conflicts(db: sqlite3.Connection) -> tuple[Conflict, ...]:
    owners: dict[str, list[str]] = {}
    for key, guid in db.execute(_CONFLICTS):
        owners.setdefault(key, []).append(guid)
    return tuple(Conflict(address=key, object_guids=tuple(guids)) for key, guids in owners.items())


def _point_to(folder: Path, file_name: str, read_at: float, content: str) -> None:
    new = folder / f"{POINTER}.new"
    new.write_text(json.dumps({"file": file_name, "read_at": read_at, "content": _basis(content)}) + "\n")
    _sync(new)
    new.replace(folder / POINTER)
    _sync(folder)


def _basis(content: str) -> str:
    return f"format {FORMAT} of {content}"  # a file of an older format is never confirmed


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _files(folder: Path) -> list[tuple[int, Path]]:
    found = []
    for path in folder.iterdir():
        if match := re.fullmatch(r"recipients-(\d+)\.sqlite3", path.name):
            found.append((int(match[1]), path))
    return sorted(found)


def _remove_old(folder: Path) -> None:
    for _, path in _files(folder)[:-_KEEP]:
        path.unlink(missing_ok=True)
