"""One directory as a source of recipients: its full reading.

A reading is whole or it raises; a controller that breaks off is followed by the next one, from the beginning.
"""

from collections.abc import Callable
from typing import TypeVar

from directory import errors
from directory.connection import Connection
from directory.dynamic import with_members
from directory.entry import Entry
from directory.linking import link
from directory.mapping import ATTRIBUTES, MappedEntry, MappingError, map_entry
from directory.model import EntryProblem, Severity, SyncResult
from directory.settings import SourceSettings

Answer = TypeVar("Answer")
Progress = Callable[[int], None]  # called with the number of entries read so far


def read_all(settings: SourceSettings, *, progress: Progress | None = None) -> SyncResult:
    """Every recipient below the base DN. Raises DirectoryUnavailable or BindRefused; half an answer is none."""
    return with_first_that_works(settings, lambda connection: _read_through(connection, settings, progress))


def with_first_that_works(settings: SourceSettings, action: Callable[[Connection], Answer]) -> Answer:
    """The answer of the first controller that gives a whole one.

    A refused password is not tried on the next controller: each try counts towards the account's lockout.
    """
    failures: list[errors.DirectoryUnavailable] = []
    for server in settings.servers:
        try:
            with Connection.open(
                settings, server, user=settings.bind_user, password=settings.bind_password
            ) as connection:
                return action(connection)
        except errors.DirectoryUnavailable as error:
            failures.append(error)
    if len(failures) == 1:
        raise failures[0]
    raise errors.ServerUnreachable(" ".join(["No controller can be used.", *map(str, failures)]))


def _read_through(connection: Connection, settings: SourceSettings, progress: Progress | None) -> SyncResult:
    highest_usn = connection.root_dse().number("highestCommittedUSN")  # before reading: what comes later is read again
    mapped: list[MappedEntry] = []
    problems: list[EntryProblem] = []
    entries_read = 0
    for page in connection.search_pages(
        settings.base_dn, settings.search_filter, ATTRIBUTES, page_size=settings.page_size
    ):
        entries_read += len(page)
        _map_page(page, mapped, problems)
        if progress is not None:
            progress(entries_read)
    recipients = link(with_members(connection, settings, mapped))
    problems += [EntryProblem(r.dn, Severity.NOTED, note) for r in recipients for note in r.notes]
    return SyncResult(
        server=str(connection.server),
        recipients=recipients,
        problems=tuple(problems),
        entries_read=entries_read,
        highest_usn=highest_usn,
    )


def _map_page(page: list[Entry], mapped: list[MappedEntry], problems: list[EntryProblem]) -> None:
    for entry in page:
        try:
            mapped.append(map_entry(entry))
        except MappingError as error:
            problems.append(EntryProblem(entry.dn, Severity.SKIPPED, str(error)))
