"""Builds a look-up file aside, syncs it, and swaps it in whole. One writer at a time; readers are never disturbed."""

import contextlib
import fcntl
import json
import os
import re
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from directory.addresses import domain_of
from directory.model import Conflict, Recipient, RecipientKind, SenderRestrictions
from directory.snapshot import FORMAT, POINTER

_KEEP = 2  # the file in use, and the one before for a reader that is just opening it

_SCHEMA = f"""
    PRAGMA user_version = {FORMAT};
    CREATE TABLE about (version INTEGER NOT NULL, address_count INTEGER NOT NULL);
    CREATE TABLE entry (
        id INTEGER PRIMARY KEY, object_guid TEXT NOT NULL, kind TEXT NOT NULL, primary_address TEXT NOT NULL,
        target_address TEXT, forwarding_address TEXT, deliver_and_redirect INTEGER NOT NULL,
        disabled INTEGER NOT NULL, require_auth INTEGER NOT NULL, max_receive_size_kib INTEGER,
        members TEXT NOT NULL DEFAULT '', are_members_known INTEGER NOT NULL,
        accept_from TEXT NOT NULL DEFAULT '', reject_from TEXT NOT NULL DEFAULT '');
    CREATE TABLE address (key TEXT PRIMARY KEY, entry_id INTEGER, conflict INTEGER NOT NULL) WITHOUT ROWID;
    CREATE TABLE domain (name TEXT PRIMARY KEY) WITHOUT ROWID;
    CREATE TEMP TABLE claim (key TEXT NOT NULL, entry_id INTEGER NOT NULL);
    CREATE TEMP TABLE link (entry_id INTEGER NOT NULL, forwarding_guid TEXT, member_guids TEXT NOT NULL);
    CREATE TEMP TABLE restriction (entry_id INTEGER NOT NULL, accept_from TEXT NOT NULL, reject_from TEXT NOT NULL);
"""

# Whose addresses are these: asked for each user who signs in, so that half a million entries are not read through.
_INDEXES = ("CREATE INDEX entry_guid ON entry (object_guid)", "CREATE INDEX address_entry ON address (entry_id)")

_INSERT_ENTRY = "INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?, '', '')"

# An address that two objects claim leads to neither (entry_id NULL): mail to it waits, it is never a matter of luck.
_SETTLE_CLAIMS = """
    INSERT INTO address
    SELECT key, CASE WHEN count(*) = 1 THEN max(entry_id) END, count(*) > 1 FROM claim GROUP BY key
"""
_CONFLICTS = """
    SELECT c.key, e.object_guid FROM claim c JOIN entry e ON e.id = c.entry_id
    WHERE c.key IN (SELECT key FROM address WHERE conflict) ORDER BY c.key, e.object_guid
"""


@dataclass(frozen=True, slots=True)
class Published:
    """What now is in use."""

    version: int
    path: Path
    entry_count: int
    address_count: int
    conflicts: tuple[Conflict, ...]


def publish(folder: Path, recipients: Iterable[Recipient], *, read_at: float, content: str = "") -> Published:
    """Writes all recipients into a new file and makes it the current one. `read_at` is when they were true.

    `content` names what the file was made from, for `confirm`. `recipients` is consumed while other writers wait, so
    that the last to publish has seen what the others had.
    Raises OSError (no room, no right); the file in use then stays in use.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with _one_writer(folder):
        version = max((number for number, _ in _files(folder)), default=0) + 1
        path = folder / f"recipients-{version}.sqlite3"
        part = path.with_suffix(".part")
        part.unlink(missing_ok=True)
        try:
            entries, addresses, conflicts = _write(part, recipients, version)
            _sync(part)
            part.rename(path)
        except BaseException:
            part.unlink(missing_ok=True)
            raise
        _point_to(folder, path.name, read_at, content)
        _remove_old(folder)
    return Published(version, path, entries, addresses, conflicts)


def confirm(folder: Path, *, read_at: float, content: str = "") -> bool:
    """Says that the current file was still true at `read_at`; False where there is none that was made from this."""
    if not folder.exists():
        return False
    with _one_writer(folder):
        try:
            pointer = json.loads((folder / POINTER).read_text())
            file_name, made_from = str(pointer["file"]), str(pointer["content"])
        except (OSError, ValueError, KeyError, TypeError):
            return False
        if made_from != _basis(content) or not (folder / file_name).is_file():
            return False
        _point_to(folder, file_name, read_at, content)
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


def _write(part: Path, recipients: Iterable[Recipient], version: int) -> tuple[int, int, tuple[Conflict, ...]]:
    with contextlib.closing(sqlite3.connect(part, isolation_level=None)) as db:
        # Nothing of this file is of use before it is whole and synced, so SQLite need not guard it meanwhile.
        db.execute("PRAGMA journal_mode = OFF")
        db.execute("PRAGMA synchronous = OFF")
        db.executescript(_SCHEMA)
        db.execute("BEGIN")
        primary_of = _insert_entries(db, recipients)
        _resolve_links(db, primary_of)
        _resolve_restrictions(db, primary_of)
        db.execute(_SETTLE_CLAIMS)
        conflicts = _conflicts(db)
        _insert_domains(db)
        for index in _INDEXES:
            db.execute(index)
        (count,) = db.execute("SELECT count(*) FROM address").fetchone()
        db.execute("INSERT INTO about VALUES (?, ?)", (version, count))
        db.execute("COMMIT")
    return len(primary_of), count, conflicts


def _insert_entries(db: sqlite3.Connection, recipients: Iterable[Recipient]) -> dict[str, str]:
    primary_of: dict[str, str] = {}
    for entry_id, r in enumerate(recipients, start=1):
        primary_of[r.object_guid] = r.primary_address
        row = (
            entry_id, r.object_guid, r.kind.value, r.primary_address, r.target_address, r.forwarding_address,
            r.deliver_and_redirect, r.disabled, r.restrictions.require_auth, r.max_receive_size_kib,
            r.are_members_known,
        )  # fmt: skip
        db.execute(_INSERT_ENTRY, row)
        db.executemany("INSERT INTO claim VALUES (?, ?)", [(key, entry_id) for key in r.address_keys])
        if r.member_guids or r.forwarding_guid:
            db.execute("INSERT INTO link VALUES (?, ?, ?)", (entry_id, r.forwarding_guid, "\n".join(r.member_guids)))
        if r.restrictions.is_any:
            db.execute("INSERT INTO restriction VALUES (?, ?, ?)", (entry_id, *_named(r.restrictions)))
    return primary_of


def _named(said: SenderRestrictions) -> tuple[str, str]:
    """Whom it takes and whom it rejects, one a line."""
    taken = (*said.accept_from, *said.accept_from_members_of)
    return "\n".join(taken), "\n".join((*said.reject_from, *said.reject_from_members_of))


def _resolve_restrictions(db: sqlite3.Connection, primary_of: dict[str, str]) -> None:
    """A name that leads to no recipient stays: a restriction may come to match nobody, but never falls away."""
    for entry_id, *lists in db.execute("SELECT * FROM restriction").fetchall():
        named = ["\n".join(primary_of.get(name, name) for name in text.split("\n") if name) for text in lists]
        db.execute("UPDATE entry SET accept_from = ?, reject_from = ? WHERE id = ?", (*named, entry_id))


def _resolve_links(db: sqlite3.Connection, primary_of: dict[str, str]) -> None:
    groups = {guid for guid, kind in db.execute("SELECT object_guid, kind FROM entry") if RecipientKind(kind).is_group}
    for entry_id, forwarding_guid, guids in db.execute("SELECT * FROM link").fetchall():
        known = [guid for guid in guids.split("\n") if guid in primary_of]
        # Groups first: whoever looks for groups within groups need not ask about 100,000 people.
        members = "\n".join(primary_of[guid] for guid in sorted(known, key=lambda g: (g not in groups, primary_of[g])))
        # An object of the directory as the forwarding target (altRecipient) goes before an address, as in Exchange.
        forwarding = primary_of.get(forwarding_guid)
        db.execute(
            "UPDATE entry SET members = ?, forwarding_address = coalesce(?, forwarding_address) WHERE id = ?",
            (members, forwarding, entry_id),
        )


def _conflicts(db: sqlite3.Connection) -> tuple[Conflict, ...]:
    owners: dict[str, list[str]] = {}
    for key, guid in db.execute(_CONFLICTS):
        owners.setdefault(key, []).append(guid)
    return tuple(Conflict(address=key, object_guids=tuple(guids)) for key, guids in owners.items())


def _insert_domains(db: sqlite3.Connection) -> None:
    domains = {domain_of(key) for (key,) in db.execute("SELECT key FROM address")}
    db.executemany("INSERT INTO domain VALUES (?)", [(domain,) for domain in sorted(domains)])


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
