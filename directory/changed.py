"""A reading of what changed since a controller was last asked: by DirSync, else by its count of changes (uSNChanged,
MS-ADTS 3.1.1.1.9).

What is gone is found three ways: an object that changed and no longer matches the filter; a tombstone, where the
account may see them; else by comparing all GUIDs, which costs more and needs no right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from directory.connection import Connection
from directory.dirsync import Told
from directory.mapping import MappedEntry
from directory.model import Recipient
from directory.settings import SourceSettings
from directory.staging import Staging
from directory.taking import Taking, guids_filter, listed_guids
from directory.whole import scope_of

_CONTAINERS = "(|(objectClass=organizationalUnit)(objectClass=container))"
_MOST_LOOKED_AT = 500


class Known(Protocol):
    def guids(self) -> set[str]: ...

    def dynamic_groups(self) -> list[Recipient]: ...


@dataclass(frozen=True, slots=True)
class ChangedReading:
    entries_read: int
    gone: set[str]


@dataclass(frozen=True, slots=True)
class _Touched:
    """`tells_gone`: there is nobody gone but these, and those that changed and are no recipients any more."""

    changed: set[str]
    deleted: set[str]
    tells_gone: bool


def read_changed(
    connection: Connection,
    settings: SourceSettings,
    staging: Staging,
    since: int | Told,
    known: Known,
    count: Callable[[int], None],
) -> ChangedReading:
    """Everything with a change after `since`, a controller's count or what it told by DirSync; the position from which
    the next reading goes on must have been taken before."""
    taking = Taking(connection, settings, staging, count)
    staging.begin(scope=scope_of(settings), position=None)
    touched = _by_dirsync(taking, since) if isinstance(since, Told) else _by_count(taking, since)
    if touched.changed:
        taking.group(MappedEntry(one) for one in known.dynamic_groups() if one.object_guid not in taking.taken)
    gone = touched.changed - taking.taken | touched.deleted
    if not touched.tells_gone:
        gone |= _compared(taking, known)
    taking.finish()
    return ChangedReading(taking.entries_read, gone - taking.taken)


def _by_count(taking: Taking, usn: int) -> _Touched:
    connection, settings = taking.connection, taking.settings
    since = f"(uSNChanged>={usn + 1})"
    changed = listed_guids(connection, settings, since)
    if changed:
        taking.search(f"(&{since}{settings.search_filter})")
    if connection.sees_deleted() and _is_whole_domain(connection, settings):
        return _Touched(changed, _deleted(connection, settings, usn), True)
    return _Touched(changed, set(), False)


def _by_dirsync(taking: Taking, told: Told) -> _Touched:
    taking.objects(sorted(told.changed))
    tells_gone = told.tells_deleted and (
        _is_whole_domain(taking.connection, taking.settings) or not _is_a_container_among(taking, told.moved)
    )
    return _Touched(set(told.changed), set(told.deleted), tells_gone)


def _is_a_container_among(taking: Taking, moved: frozenset[str]) -> bool:
    """Whoever is below a container that moves into the base or out of it is not told of."""
    asked = sorted(moved - taking.taken)
    if len(asked) > _MOST_LOOKED_AT:
        return True
    return any(
        taking.connection.has_any(f"(&{_CONTAINERS}{guids_filter(asked[start : start + 100])})")
        for start in range(0, len(asked), 100)
    )


def _deleted(connection: Connection, settings: SourceSettings, usn: int) -> set[str]:
    pages = connection.deleted_pages(usn + 1, page_size=settings.page_size)
    return {guid for page in pages for entry in page if (guid := entry.guid("objectGUID"))}


def _compared(taking: Taking, known: Known) -> set[str]:
    """Also finds what was moved: a move into or out of the base changes no count of those below what was moved."""
    there = listed_guids(taking.connection, taking.settings, taking.settings.search_filter)
    before = known.guids()
    taking.objects(sorted(there - before - taking.taken))
    return before - there


def _is_whole_domain(connection: Connection, settings: SourceSettings) -> bool:
    return settings.base_dn.lower() == connection.root_dse().text("defaultNamingContext").lower()
