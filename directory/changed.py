"""A reading of what changed since a controller's count of changes (uSNChanged, MS-ADTS 3.1.1.1.9).

What is gone is found three ways: an object that changed and no longer matches the filter; a tombstone, where the
account may see them; else by comparing all GUIDs, which costs more and needs no right.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from directory.connection import Connection
from directory.mapping import MappedEntry
from directory.model import Recipient
from directory.settings import SourceSettings
from directory.staging import Staging
from directory.taking import Taking, listed_guids
from directory.whole import scope_of


class Known(Protocol):
    def guids(self) -> set[str]: ...

    def dynamic_groups(self) -> list[Recipient]: ...


@dataclass(frozen=True, slots=True)
class ChangedReading:
    entries_read: int
    gone: set[str]


def read_changed(
    connection: Connection,
    settings: SourceSettings,
    staging: Staging,
    usn: int,
    known: Known,
    count: Callable[[int], None],
) -> ChangedReading:
    """Everything with a change after `usn`; the controller's position must have been taken before."""
    taking = Taking(connection, settings, staging, count)
    staging.begin(scope=scope_of(settings), position=None)
    since = f"(uSNChanged>={usn + 1})"
    touched = listed_guids(connection, settings, since)
    if touched:
        taking.search(f"(&{since}{settings.search_filter})")
        taking.group(MappedEntry(one) for one in known.dynamic_groups() if one.object_guid not in taking.taken)
    gone = touched - taking.taken
    if connection.sees_deleted() and _is_whole_domain(connection, settings):
        gone |= _deleted(connection, settings, usn)
    else:
        gone |= _compared(taking, known)
    taking.finish()
    return ChangedReading(taking.entries_read, gone - taking.taken)


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
