"""The steps of a connection test, one after the other, each with its time and a plain explanation.

A step that fails ends the test of that controller: what follows could only fail for the same reason.
"""

import contextlib
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from directory import dirsync, errors
from directory.connection import Connection
from directory.discovery import controllers
from directory.entry import Entry
from directory.failures import connection_failure
from directory.mapping import ATTRIBUTES, MappingError, map_entry
from directory.settings import BindMethod, Security, Server, SourceSettings, tls_context
from directory.taking import listed_guids

SAMPLE_SIZE = 5


@dataclass(frozen=True, slots=True)
class Step:
    """One step: what was tried, whether it worked, how long it took, and what came of it in words."""

    title: str
    is_ok: bool
    took_ms: float
    text: str


def check_source(settings: SourceSettings, servers: Iterable[Server] | None = None) -> Iterator[tuple[Server, Step]]:
    """Tests each controller in turn, or these; yields as it goes, so that a page can show progress."""
    for server in controllers.of(settings) if servers is None else servers:
        for step in _check_server(settings, server):
            yield server, step


def _check_server(settings: SourceSettings, server: Server) -> Iterator[Step]:
    with contextlib.ExitStack() as stack:
        opened: list[Connection] = []

        def bind() -> str:
            connection = Connection.of_reader(settings, server)
            opened.append(stack.enter_context(connection))
            by = " by Kerberos" if settings.bind_method is BindMethod.KERBEROS else ""
            return f"Signed in as {settings.bind_user}{by}."

        steps: list[tuple[str, Callable[[], str]]] = [
            ("Name", lambda: _resolve(server)),
            ("Connection", lambda: _connect(settings, server)),
        ]
        if settings.security is Security.LDAPS:
            steps.append(("TLS", lambda: _handshake(settings, server)))
        steps += [
            (_BIND_TITLE[settings.security], bind),
            ("Base DN", lambda: _base(settings, opened[0])),
            ("Changes", lambda: _changes(settings, opened[0])),
            ("Recipients", lambda: _sample(settings, opened[0])),
        ]
        for title, action in steps:
            step = _timed(title, action)
            yield step
            if not step.is_ok:
                return


_BIND_TITLE = {Security.LDAPS: "Sign-in", Security.STARTTLS: "StartTLS and sign-in", Security.PLAIN: "Sign-in"}


def _timed(title: str, action: Callable[[], str]) -> Step:
    began = time.perf_counter()
    try:
        is_ok, text = True, action()
    except errors.DirectoryError as error:
        is_ok, text = False, str(error)
    return Step(title, is_ok, (time.perf_counter() - began) * 1000, text)


def _resolve(server: Server) -> str:
    try:
        found = socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise errors.ServerUnreachable(f"The name {server.host} cannot be resolved: {error}.") from error
    return f"{server.host} is {', '.join(sorted({str(address[4][0]) for address in found}))}."


def _connect(settings: SourceSettings, server: Server) -> str:
    try:
        with socket.create_connection((server.host, server.port), timeout=settings.connect_timeout_s):
            return f"Port {server.port} answers."
    except OSError as error:
        raise connection_failure(server, error) from error


def _handshake(settings: SourceSettings, server: Server) -> str:
    context = tls_context(settings.ca_pem)
    name = settings.tls_name or server.host
    try:
        with (
            socket.create_connection((server.host, server.port), timeout=settings.connect_timeout_s) as plain,
            context.wrap_socket(plain, server_hostname=name) as tls,
        ):
            certificate = tls.getpeercert() or {}
            return f"{tls.version()}; the certificate is valid for {name} until {certificate.get('notAfter', '?')}."
    except OSError as error:
        raise connection_failure(server, error) from error


def _base(settings: SourceSettings, connection: Connection) -> str:
    root = connection.root_dse()
    default = root.text("defaultNamingContext")
    if connection.read(settings.base_dn, ("objectClass",)) is None:
        hint = f" This domain's own is {default}." if default else ""
        raise errors.SearchFailed(f"There is no {settings.base_dn!r} that {settings.bind_user} may read.{hint}")
    if not connection.is_active_directory:
        return f"{settings.base_dn} is there."
    return f"{settings.base_dn} is there, on {root.text('dnsHostName')} in the site {_site(root.text('serverName'))}."


def _changes(settings: SourceSettings, connection: Connection) -> str:
    """Never a failure: what one way does not tell, the next one does."""
    if not connection.is_active_directory:
        return "It is no Active Directory: everything is read each time."
    deleted = "sees" if connection.sees_deleted() else "does not see"
    try:
        told = dirsync.ask_apart(settings, connection, dirsync.begin)
    except errors.DirSyncRefused as refusal:
        return f"Changes are found by uSNChanged. {refusal} The account {deleted} deleted objects."
    if told.tells_deleted:
        return "Changes and deletions are told by DirSync."
    return f"Changes are told by DirSync. The account {deleted} deleted objects: for those all objects are listed."


def _site(server_name: str) -> str:
    """CN=DC1,CN=Servers,CN=Site,CN=Sites,... names the site."""
    parts = server_name.split(",")
    return parts[2].partition("=")[2] if len(parts) > 2 else "unknown"


def _sample(settings: SourceSettings, connection: Connection) -> str:
    pages = connection.search_pages(
        settings.base_dn, settings.search_filter, ATTRIBUTES, page_size=min(settings.page_size, 100)
    )
    page = next(pages, [])
    addresses = [address for entry in page if (address := _primary(entry))]
    if not addresses:
        raise errors.SearchFailed(
            "The filter finds no recipient there: check the filter, and what the bind account may read."
        )
    count = len(listed_guids(connection, settings, settings.search_filter))
    return f"The filter finds {count:,} objects, such as {', '.join(addresses[:SAMPLE_SIZE])}."


def _primary(entry: Entry) -> str | None:
    try:
        return map_entry(entry).recipient.primary_address
    except MappingError:
        return None
