"""Entries as a controller gives them -> recipients in the staging, page by page."""

import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from directory.connection import Connection
from directory.dynamic import with_members
from directory.entry import Entry
from directory.linking import link, linked
from directory.mapping import ATTRIBUTES, MappedEntry, MappingError, map_entry
from directory.model import EntryProblem, RecipientKind, Severity
from directory.settings import SourceSettings
from directory.staging import Staging

GUID_ONLY = ("objectGUID",)
_ASKED_AT_ONCE = 100


@dataclass(slots=True)
class Taking:
    """Takes entries into the staging; `finish` adds what can only be told at the end."""

    connection: Connection
    settings: SourceSettings
    staging: Staging
    count: Callable[[int], None]
    entries_read: int = 0
    taken: set[str] = field(default_factory=set)
    _dynamic: list[MappedEntry] = field(default_factory=list)
    _unlinked: list[MappedEntry] = field(default_factory=list)

    def search(self, search_filter: str) -> None:
        for page in self.connection.search_pages(
            self.settings.base_dn, search_filter, ATTRIBUTES, page_size=self.settings.page_size
        ):
            self.page(page)

    def objects(self, guids: Sequence[str]) -> None:
        """Those of these objects that match the source's filter."""
        for start in range(0, len(guids), _ASKED_AT_ONCE):
            named = guids_filter(guids[start : start + _ASKED_AT_ONCE])
            self.search(f"(&{self.settings.search_filter}{named})")

    def page(self, page: Sequence[Entry]) -> None:
        mapped, skipped = _mapped(page)
        self.entries_read += len(page)
        self.taken |= {one.recipient.object_guid for one in mapped}
        self.group(one for one in mapped if one.recipient.kind is RecipientKind.DYNAMIC_GROUP)
        static = [one for one in mapped if one.recipient.kind is not RecipientKind.DYNAMIC_GROUP]
        if self.connection.is_active_directory:
            self.staging.add((linked(one, {}) for one in static), skipped)
        else:
            self._unlinked += static
            self.staging.add((), skipped)
        self.count(self.entries_read)

    def group(self, dynamic: Iterable[MappedEntry]) -> None:
        self._dynamic += dynamic

    def finish(self) -> None:
        """Dynamic groups get their members; names without GUIDs are linked, all at once."""
        expanded = with_members(self.connection, self.settings, self._dynamic)
        if self.connection.is_active_directory:
            self.staging.add(linked(one, {}) for one in expanded)
        else:
            self.staging.add(link([*self._unlinked, *expanded]))
        self._dynamic, self._unlinked = [], []


def _mapped(page: Sequence[Entry]) -> tuple[list[MappedEntry], list[tuple[str, EntryProblem]]]:
    mapped: list[MappedEntry] = []
    skipped: list[tuple[str, EntryProblem]] = []
    for entry in page:
        try:
            mapped.append(map_entry(entry))
        except MappingError as error:
            problem = EntryProblem(entry.dn, Severity.SKIPPED, str(error))
            skipped.append((entry.guid("objectGUID") or entry.dn, problem))
    return mapped, skipped


def guids_filter(guids: Sequence[str]) -> str:
    """Any of these objects."""
    named = "".join(f"(objectGUID={escaped_guid(guid)})" for guid in guids)
    return f"(|{named})"


def escaped_guid(guid: str) -> str:
    """An object GUID in a filter: its octets as Active Directory stores them (RFC 4515 3)."""
    return "".join(f"\\{octet:02x}" for octet in uuid.UUID(guid).bytes_le)


def listed_guids(connection: Connection, settings: SourceSettings, search_filter: str) -> set[str]:
    """The GUIDs alone of all that match: a fraction of the cost of reading them."""
    pages = connection.search_pages(settings.base_dn, search_filter, GUID_ONLY, page_size=1000)
    return {guid for page in pages for entry in page if (guid := entry.guid("objectGUID"))}
