"""The read-only look-up file that the transport uses, as its readers see it.

A folder holds `recipients-<n>.sqlite3` and `current`, a small JSON pointer that is renamed into place: the file's name
and when the directory was last read; an empty name means that no directory is in use. Readers open the file read-only
and immutable and look at the pointer at most once a second, so that a look-up costs no lock and no wait.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Self

from directory.addresses import address_key
from directory.attributes import MANAGER
from directory.errors import MembersUnknown, SnapshotUnavailable
from directory.kept_members import KeptMembers
from directory.model import RecipientKind
from directory.snapshot_file import POINTER, connected, format_of
from directory.snapshot_schema import FORMAT, WITHOUT_PEOPLE, ConflictRule

LOOK_EVERY_S = 1.0

_FIND = """
    SELECT c.is_primary, e.guid, e.kind, e.primary_address, e.target_address, e.forwarding_address, e.forwarding_guid,
           e.deliver_and_redirect, e.disabled, e.require_auth, e.max_receive_size_kib, e.are_members_known,
           e.accept_from, e.reject_from, e.home_server
    FROM claim c JOIN entry e ON e.guid = c.guid WHERE c.key = ?
"""
# Groups first: whoever looks for groups within groups need not ask about 100,000 people.
_GROUPS = ", ".join(f"'{kind.value}'" for kind in RecipientKind if kind.is_group)
_MEMBERS = f"""
    SELECT e.primary_address FROM member m JOIN entry e ON e.guid = m.guid WHERE m.group_guid = ?
    ORDER BY e.kind NOT IN ({_GROUPS}), 1
"""  # noqa: S608 - words of our own
_PERSON = "SELECT manager_guid, attributes FROM person WHERE guid = ?"
_PRIMARY_OF = "SELECT primary_address FROM entry WHERE guid = ?"
# An address that others claim too is nobody's own: a password does not prove it.
_ADDRESSES_OF = """
    SELECT key FROM claim c WHERE guid = ?
    AND NOT EXISTS (SELECT 1 FROM claim o WHERE o.key = c.key AND o.guid <> c.guid)
"""


@dataclass(frozen=True, slots=True)
class SnapshotEntry:
    """What an address leads to. In a conflict there is no object: `object_guid` and `primary_address` are empty, and
    `claimed_by` has the primary addresses of those who claim it.

    `accept_from` and `reject_from` are primary addresses of senders, and of groups whose members are meant; a name that
    leads to no recipient stays as it is and is nobody's address. Empty `accept_from` means anyone.
    """

    address: str
    kind: RecipientKind
    object_guid: str = ""
    primary_address: str = ""
    target_address: str | None = None
    forwarding_address: str | None = None
    deliver_and_redirect: bool = False
    disabled: bool = False
    require_auth: bool = False
    accept_from: tuple[str, ...] = ()
    reject_from: tuple[str, ...] = ()
    max_receive_size_kib: int | None = None
    members: tuple[str, ...] = ()
    home_server: str | None = None
    claimed_by: tuple[str, ...] = ()

    @property
    def is_conflict(self) -> bool:
        return self.kind is RecipientKind.CONFLICT


@dataclass(frozen=True, slots=True)
class _Opened:
    connection: sqlite3.Connection
    file_name: str
    version: int
    address_count: int
    conflict_rule: ConflictRule
    has_people: bool
    members: KeptMembers


class Snapshot:
    """The newest look-up file of a folder. Opening never fails: asking does, while there is no file to ask.

    One instance belongs to one thread. A new file that cannot be read leaves the last good one in use, and
    `last_error` says why.
    """

    def __init__(self, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pointer = folder / POINTER
        self._folder = folder
        self._clock = clock
        self._look_at = float("-inf")
        self._seen: tuple[int, int] | None = None
        self._opened: _Opened | None = None
        self._read_at = 0.0
        self.last_error: str | None = None

    @classmethod
    def open(cls, folder: Path, *, clock: Callable[[], float] = time.monotonic) -> Self:
        return cls(folder, clock=clock)

    def find(self, address: str) -> SnapshotEntry | None:
        """What the address leads to, or None where no object has it. Raises SnapshotUnavailable, MembersUnknown."""
        key = address_key(address)
        opened = self._current()
        try:
            rows = opened.connection.execute(_FIND, (key,)).fetchall()
            if not rows:
                return None
            row = rows[0] if len(rows) == 1 else _winner(rows, opened.conflict_rule)
            return _conflict(key, rows) if row is None else _entry(opened, key, row)
        except sqlite3.Error as error:
            raise SnapshotUnavailable(f"The look-up file cannot be read: {error}.") from error

    def addresses_of(self, object_guid: str) -> tuple[str, ...]:
        """The keys of all addresses that the object alone has. Raises SnapshotUnavailable."""
        try:
            rows = self._current().connection.execute(_ADDRESSES_OF, (object_guid,)).fetchall()
        except sqlite3.Error as error:
            raise SnapshotUnavailable(f"The look-up file cannot be read: {error}.") from error
        return tuple(key for (key,) in rows)

    def attributes_of(self, object_guid: str) -> tuple[str, ...]:
        """What rules may ask about the object, like Department=Sales; of its manager the primary address. None where it
        is gone. Raises SnapshotUnavailable."""
        opened = self._current()
        if not opened.has_people:
            raise SnapshotUnavailable("The look-up file is of a release that kept no attributes.")
        connection = opened.connection
        try:
            row = connection.execute(_PERSON, (object_guid,)).fetchone()
            if row is None:
                return ()
            if not row[1]:
                raise SnapshotUnavailable("Attributes have not been read yet: the directory is to be read whole first.")
            manager = _named(connection, row[0]) if row[0] else None
        except sqlite3.Error as error:
            raise SnapshotUnavailable(f"The look-up file cannot be read: {error}.") from error
        return (*_lines(row[1]), *((f"{MANAGER}={manager}",) if manager else ()))

    def age_s(self, now: float) -> float:
        """Seconds since the directory was last read, by the wall clock's `now`. Raises SnapshotUnavailable."""
        self._current()
        return max(0.0, now - self._read_at)

    @property
    def version(self) -> int | None:
        """The number of the file in use, None while there is none."""
        self._look()
        return self._opened.version if self._opened else None

    @property
    def opened(self) -> object | None:
        """Stands for the file in use: the same object for as long as that answers. None while there is none."""
        self._look()
        return self._opened

    @property
    def address_count(self) -> int:
        return self._current().address_count

    def close(self) -> None:
        if self._opened is not None:
            self._opened.connection.close()
        self._opened, self._seen, self._look_at = None, None, float("-inf")

    def _current(self) -> _Opened:
        self._look()
        if self._opened is None:
            raise SnapshotUnavailable(self.last_error or "The directory has not been read yet.")
        return self._opened

    def _look(self) -> None:
        now = self._clock()
        if now < self._look_at:
            return
        self._look_at = now + LOOK_EVERY_S
        try:
            status = self._pointer.stat()
        except OSError:
            return  # nothing published yet, or the folder is gone: what is open stays good
        seen = (status.st_mtime_ns, status.st_ino)
        if seen != self._seen:
            self._swap(seen)

    def _swap(self, seen: tuple[int, int]) -> None:
        try:
            pointer = json.loads(self._pointer.read_text())
            file_name, read_at = str(pointer["file"]), float(pointer["read_at"])
            if not file_name:
                self._replace(None)
            elif self._opened is None or self._opened.file_name != file_name:
                self._replace(_open(self._folder / file_name))
        except (OSError, sqlite3.Error, ValueError, KeyError, TypeError) as error:
            self.last_error = f"The look-up file cannot be read: {error}."
            return
        self._read_at, self._seen, self.last_error = read_at, seen, None

    def _replace(self, opened: _Opened | None) -> None:
        if self._opened is not None:
            self._opened.connection.close()
        self._opened = opened


def _open(path: Path) -> _Opened:
    connection = connected(path)
    try:
        found = format_of(connection)
        if found not in (FORMAT, WITHOUT_PEOPLE):
            raise ValueError(f"{path.name} has format {found}, this program reads {WITHOUT_PEOPLE} and {FORMAT}")
        version, count, rule = connection.execute("SELECT version, address_count, conflict_rule FROM about").fetchone()
    except BaseException:
        connection.close()
        raise
    return _Opened(
        connection, path.name, version, count, ConflictRule(rule), has_people=found != WITHOUT_PEOPLE,
        members=KeptMembers(partial(_members, connection)),
    )  # fmt: skip


def _winner(rows: list[Any], rule: ConflictRule) -> Any:
    """Which of several objects an address leads to by the rule, or None: never a matter of luck."""
    primary = [row for row in rows if row[0]]
    return primary[0] if rule is ConflictRule.PRIMARY and len(primary) == 1 else None


def _conflict(address: str, rows: list[Any]) -> SnapshotEntry:
    return SnapshotEntry(address, RecipientKind.CONFLICT, claimed_by=tuple(sorted(row[3] for row in rows)))


def _entry(opened: _Opened, address: str, row: Any) -> SnapshotEntry:
    connection = opened.connection
    if not row[11]:
        raise MembersUnknown(f"The directory could not tell who is a member of {row[3]}.")
    kind, primary, target = _KINDS[row[2]], row[3], row[4]
    if target is not None and address_key(target) == address:
        # A cloud mailbox lists its target among its addresses: asked by that one, there is nowhere further to go.
        primary, target = target, None
    return SnapshotEntry(
        address=address,
        object_guid=row[1],
        kind=kind,
        primary_address=primary,
        target_address=target,
        # An object of the directory as the forwarding target (altRecipient) goes before an address, as in Exchange.
        forwarding_address=(_named(connection, row[6]) if row[6] else None) or row[5],
        deliver_and_redirect=bool(row[7]),
        disabled=bool(row[8]),
        require_auth=bool(row[9]),
        max_receive_size_kib=row[10],
        members=opened.members.of(row[1]) if kind.is_group else (),
        accept_from=tuple(_named(connection, name) or name for name in _lines(row[12])) if row[12] else (),
        reject_from=tuple(_named(connection, name) or name for name in _lines(row[13])) if row[13] else (),
        home_server=row[14],
    )


def _members(connection: sqlite3.Connection, group: str) -> tuple[str, ...]:
    return tuple(address for (address,) in connection.execute(_MEMBERS, (group,)))


def _named(connection: sqlite3.Connection, guid: str) -> str | None:
    """The primary address; a name that leads to no recipient may come to match nobody, but never falls away."""
    row = connection.execute(_PRIMARY_OF, (guid,)).fetchone()
    return row[0] if row is not None else None


def _lines(text: str) -> tuple[str, ...]:
    return tuple(text.split("\n")) if text else ()


_KINDS = {kind.value: kind for kind in RecipientKind}
