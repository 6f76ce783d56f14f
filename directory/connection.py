"""ldap3, wrapped: one verified, bound connection that belongs to one task.

Every failure of ldap3 becomes one of directory.errors.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import ldap3
from ldap3.core import exceptions as ldap3_errors

from directory import errors, kerberos
from directory.bind_codes import bind_refusal
from directory.entry import Entry
from directory.failures import connection_failure, printable
from directory.model import Position
from directory.reaching import ldap3_server
from directory.searches import Searches
from directory.settings import BindMethod, Security, Server, SourceSettings

DIRSYNC = "1.2.840.113556.1.4.841"  # MS-ADTS 3.1.1.3.4.1.3
# MS-ADTS 3.1.1.3.4.1: names come as <GUID=...>;<SID=...>;DN, so that no reference depends on how a name is spelled
# or whether it was changed meanwhile; and tombstones are shown.
_EXTENDED_DN = ("1.2.840.113556.1.4.529", True, b"\x30\x03\x02\x01\x01")
_SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
_OTHER = 80  # RFC 4511 4.1.9
_ROOT_ATTRIBUTES = (
    "defaultNamingContext", "namingContexts", "highestCommittedUSN", "dnsHostName", "dsServiceName", "serverName",
    "vendorName", "supportedControl",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class DirSyncPage:
    """Some of what changed, and the cookie with which it goes on."""

    entries: list[Entry]
    cookie: bytes
    is_more: bool


class Connection:
    """A bound connection to one controller; a context manager. Not to be shared between threads."""

    def __init__(self, server: Server, raw: Any, names: Mapping[str, str]) -> None:
        self.server = server
        self._raw = raw
        self._searches = Searches(server, raw, names)
        self._root: Entry | None = None

    @classmethod
    def open(cls, settings: SourceSettings, server: Server, *, user: str, password: str) -> Self:
        """Connects, verifies, binds. Raises ServerUnreachable, CertificateRefused, BindRefused or EmptyPassword."""
        if not password or not user:
            raise errors.EmptyPassword("An empty name or password is never sent: it would be an anonymous bind.")
        return cls._opened(settings, server, user, {"password": password})

    @classmethod
    def of_reader(cls, settings: SourceSettings, server: Server) -> Self:
        """The same as the account that reads the directory, by password or by Kerberos. Raises KerberosFailed too."""
        if settings.bind_method is BindMethod.KERBEROS:
            return cls._opened(settings, server, settings.bind_user, kerberos.bind_options(settings, server))
        return cls.open(settings, server, user=settings.bind_user, password=settings.bind_password)

    @classmethod
    def _opened(cls, settings: SourceSettings, server: Server, user: str, how: dict[str, Any]) -> Self:
        raw = ldap3.Connection(
            ldap3_server(settings, server),
            user=user,
            **how,
            client_strategy=ldap3.SYNC,
            receive_timeout=settings.receive_timeout_s,
            auto_referrals=False,
            return_empty_attributes=False,
            auto_range=False,  # it would go on from the extended name, find nothing there, and say nothing
        )
        connection = cls(server, raw, dict(settings.attribute_names))
        try:
            connection._bind(settings, user)
        except BaseException:
            connection.close()
            raise
        return connection

    @property
    def waited_s(self) -> float:
        """How long the controller has taken to answer so far."""
        return self._searches.waited_s

    def count_in(self, other: "Connection") -> None:
        """What another connection waited for this one's sake counts as its own."""
        self._searches.waited_s += other.waited_s

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        with contextlib.suppress(ldap3_errors.LDAPException, OSError):  # the controller may have closed first
            self._raw.unbind()

    def root_dse(self) -> Entry:
        """The controller's own description of itself (RFC 4512 5.1), as it was when first asked."""
        if self._root is None:
            entries = self._searches.search("", "(objectClass=*)", _ROOT_ATTRIBUTES, scope=ldap3.BASE)
            self._root = entries[0] if entries else Entry("", {})
        return self._root

    @property
    def is_active_directory(self) -> bool:
        return self.root_dse().has("dsServiceName")

    def position(self) -> Position | None:
        """How far the controller's own count of changes is, or None for one that is not Active Directory.

        The count belongs to one controller's database: a restored one has another invocation id (MS-ADTS 3.1.1.1.9).
        """
        if not self.is_active_directory:
            return None
        self._root = None  # the count goes on
        root = self.root_dse()
        usn = root.number("highestCommittedUSN")
        service = self.read(root.text("dsServiceName"), ("invocationId",))
        invocation = service.guid("invocationId") if service is not None else None
        return Position(invocation, usn) if invocation is not None and usn is not None else None

    def sees_deleted(self) -> bool:
        """Whether the account may list deleted objects; without that right they are silently left out."""
        container = f"CN=Deleted Objects,{self.root_dse().text('defaultNamingContext')}"
        seen = self._searches.search(
            container, "(objectClass=*)", ("isRecycled", "objectGUID"), scope=ldap3.BASE, controls=[_SHOW_DELETED]
        )
        one = "(&(isDeleted=TRUE)(objectClass=*))"
        # The container itself is shown to everybody in Samba: what lies in it is what tells.
        return bool(seen) and bool(
            self._searches.search(container, one, ("objectGUID",), controls=[_SHOW_DELETED], page_size=2)[1:]
        )

    def deleted_pages(self, changed_since: int, *, page_size: int) -> Iterator[list[Entry]]:
        """Objects deleted since the controller's count, as far as the account may see them."""
        base = self.root_dse().text("defaultNamingContext")
        yield from self._searches.pages(
            base, f"(&(isDeleted=TRUE)(uSNChanged>={changed_since}))", ("objectGUID",), page_size, [_SHOW_DELETED]
        )

    def has_any(self, search_filter: str) -> bool:
        """Whether anything in the domain matches."""
        base = self.root_dse().text("defaultNamingContext")
        return bool(self._searches.search(base, search_filter, ("objectGUID",), page_size=1))

    def dirsync_page(self, attributes: tuple[str, ...], search_filter: str, control: Any) -> DirSyncPage:
        """The next of what changed in the domain, by this request of DirSync. Raises SearchFailed."""
        base = self.root_dse().text("defaultNamingContext")
        entries = self._searches.search(base, search_filter, attributes, controls=[control])
        answered = self._searches.answered(DIRSYNC)
        if answered is None:
            raise errors.SearchFailed(f"{self.server} took DirSync's request and answered without it.", code=_OTHER)
        return DirSyncPage(entries, bytes(answered["cookie"] or b""), bool(answered["more_results"]))

    def read(self, dn: str, attributes: tuple[str, ...]) -> Entry | None:
        """One entry by its name, or None where there is none."""
        entries = self._searches.search(dn, "(objectClass=*)", attributes, scope=ldap3.BASE)
        return entries[0] if entries else None

    def search_pages(
        self, base_dn: str, search_filter: str, attributes: tuple[str, ...], *, page_size: int
    ) -> Iterator[list[Entry]]:
        """All entries, page by page; groups come with all their members. Raises SearchFailed, never ends early."""
        controls = [_EXTENDED_DN] if self.is_active_directory else []
        yield from self._searches.pages(base_dn, search_filter, attributes, page_size, controls)

    def _bind(self, settings: SourceSettings, user: str) -> None:
        try:
            self._raw.open(read_server_info=False)
            if settings.security is Security.STARTTLS:
                self._raw.start_tls(read_server_info=False)
            is_bound = self._raw.bind(read_server_info=False)
        except (ldap3_errors.LDAPException, OSError, UnicodeError) as error:
            raise connection_failure(self.server, error) from error
        except kerberos.failures() as error:
            raise kerberos.failure(settings, self.server, error) from error
        if not is_bound:
            result = self._raw.result or {}
            raise bind_refusal(
                user=user, result_code=int(result.get("result", -1)), diagnostic=printable(result.get("message"))
            )
