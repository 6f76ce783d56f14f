"""The members of dynamic groups: whoever matches the group's own filter when the directory is read."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from directory import errors
from directory.entry import Entry
from directory.mapping import MappedEntry
from directory.model import RecipientKind
from directory.settings import SourceSettings


class Searcher(Protocol):
    """What of a connection is needed here."""

    def search_pages(
        self, base_dn: str, search_filter: str, attributes: tuple[str, ...], *, page_size: int
    ) -> Iterable[list[Entry]]: ...


def with_members(connection: Searcher, settings: SourceSettings, entries: Iterable[MappedEntry]) -> list[MappedEntry]:
    """The entries, dynamic groups with their members. Raises SearchFailed where the controller breaks off.

    A group whose filter cannot be used is marked: mail to it waits, it does not go to nobody.
    """
    return [
        _expanded(connection, settings, entry) if entry.recipient.kind is RecipientKind.DYNAMIC_GROUP else entry
        for entry in entries
    ]


def _expanded(connection: Searcher, settings: SourceSettings, entry: MappedEntry) -> MappedEntry:
    group = entry.recipient
    if not group.dynamic_filter:
        return _unknown(entry, "It is a dynamic group without a filter")
    base_dn = group.dynamic_base_dn or settings.base_dn
    pages = connection.search_pages(base_dn, group.dynamic_filter, ("objectGUID",), page_size=settings.page_size)
    try:
        names = tuple(found.guid("objectGUID") or found.dn for page in pages for found in page if found.dn != group.dn)
    except errors.FilterRefused as error:
        return _unknown(entry, f"Its members cannot be found: {str(error).rstrip('.')}")
    return replace(entry, links=replace(entry.links, members=names))


def _unknown(entry: MappedEntry, why: str) -> MappedEntry:
    notes = (*entry.recipient.notes, f"{why}; mail to it waits.")
    return replace(entry, recipient=replace(entry.recipient, are_members_known=False, notes=notes))
