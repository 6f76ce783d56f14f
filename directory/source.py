"""One directory as a source of recipients: full reading, and a bind for a password check.

A reading is whole or it raises; a controller that breaks off is followed by the next one, from the beginning.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from ldap3.utils.conv import escape_filter_chars

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


@dataclass(frozen=True, slots=True)
class Person:
    """Whose password was right."""

    object_guid: str
    dn: str
    display_name: str
    account_name: str


def read_all(settings: SourceSettings, *, progress: Progress | None = None) -> SyncResult:
    """Every recipient below the base DN. Raises DirectoryUnavailable or BindRefused; half an answer is none."""
    return _with_first_that_works(settings, lambda connection: _read_through(connection, settings, progress))


def check_password(settings: SourceSettings, *, name: str, password: str) -> Person:
    """Whose name and password these are, found by sign-in name or address and proved by a bind as that object.

    Raises BindRefused (and its kinds) where the answer is no, DirectoryUnavailable where there is none.
    """
    if not password:
        raise errors.EmptyPassword("An empty password is never accepted.")
    return _with_first_that_works(settings, lambda connection: _prove(connection, settings, name, password))


def _with_first_that_works(settings: SourceSettings, action: Callable[[Connection], Answer]) -> Answer:
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


def _prove(connection: Connection, settings: SourceSettings, name: str, password: str) -> Person:
    entry = _find_account(connection, settings, name)
    Connection.open(settings, connection.server, user=entry.dn, password=password).close()
    return Person(
        object_guid=entry.guid("objectGUID") or "",
        dn=entry.dn,
        display_name=entry.text("displayName"),
        account_name=entry.text("sAMAccountName"),
    )


def _find_account(connection: Connection, settings: SourceSettings, name: str) -> Entry:
    account = escape_filter_chars(name.rpartition("\\")[2] if "\\" in name else name)
    search_filter = (
        f"(&(objectClass=user)(|(userPrincipalName={account})(sAMAccountName={account})"
        f"(proxyAddresses=smtp:{account})(mail={account})))"
    )
    attributes = ("objectGUID", "displayName", "sAMAccountName", "userPrincipalName")
    pages = connection.search_pages(settings.base_dn, search_filter, attributes, page_size=10)
    found = [entry for page in pages for entry in page]
    exact = [
        e for e in found if name.lower() in {e.text("userPrincipalName").lower(), e.text("sAMAccountName").lower()}
    ]
    accounts = exact or found
    if len(accounts) != 1:
        reason = "there is no such account" if not accounts else f"{len(accounts)} accounts claim this name"
        raise errors.BadCredentials(f"Cannot sign in as {name[:80]!r}: {reason}.")
    return accounts[0]
