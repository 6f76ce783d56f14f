"""ldap3, wrapped: one verified, bound connection that belongs to one task.

ldap3 itself verifies nothing unless told so, and its own name check knows no IP address; here the standard library
verifies chain and name, and every failure of ldap3 becomes one of directory.errors.
"""

import contextlib
import ssl
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Self

import ldap3
from ldap3.core import exceptions as ldap3_errors

from directory import errors, kerberos
from directory.bind_codes import bind_refusal
from directory.entry import Entry
from directory.failures import connection_failure, printable, search_failure
from directory.model import Position
from directory.references import plain_dn
from directory.settings import BindMethod, Security, Server, SourceSettings, tls_context

DIRSYNC = "1.2.840.113556.1.4.841"  # MS-ADTS 3.1.1.3.4.1.3
_PAGED_RESULTS = "1.2.840.113556.1.4.319"  # RFC 2696
# MS-ADTS 3.1.1.3.4.1: names come as <GUID=...>;<SID=...>;DN, so that no reference depends on how a name is spelled
# or whether it was changed meanwhile; and tombstones are shown.
_EXTENDED_DN = ("1.2.840.113556.1.4.529", True, b"\x30\x03\x02\x01\x01")
_SHOW_DELETED = ("1.2.840.113556.1.4.417", True, None)
_ROOT_ATTRIBUTES = (
    "defaultNamingContext", "namingContexts", "highestCommittedUSN", "dnsHostName", "dsServiceName", "serverName",
    "vendorName", "supportedControl",
)  # fmt: skip
_SUCCESS, _NO_SUCH_OBJECT, _INVALID_DN_SYNTAX, _OTHER = 0, 32, 34, 80
_NO_SUCH_BASE = {_NO_SUCH_OBJECT, _INVALID_DN_SYNTAX}


class VerifiedTls(ldap3.Tls):
    """Lets the standard library check chain and host name, on every Python alike."""

    def __init__(self, context: ssl.SSLContext, name: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._name = name

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        name = self._name or connection.server.host
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=name)


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
        self.waited_s = 0.0
        self._raw = raw
        self._names = {ours.lower(): theirs for ours, theirs in names.items()}
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
            _ldap3_server(settings, server),
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
            entries = self._search("", "(objectClass=*)", _ROOT_ATTRIBUTES, scope=ldap3.BASE)
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
        seen = self._search(
            container, "(objectClass=*)", ("isRecycled", "objectGUID"), scope=ldap3.BASE, controls=[_SHOW_DELETED]
        )
        one = "(&(isDeleted=TRUE)(objectClass=*))"
        # The container itself is shown to everybody in Samba: what lies in it is what tells.
        return bool(seen) and bool(
            self._search(container, one, ("objectGUID",), controls=[_SHOW_DELETED], page_size=2)[1:]
        )

    def deleted_pages(self, changed_since: int, *, page_size: int) -> Iterator[list[Entry]]:
        """Objects deleted since the controller's count, as far as the account may see them."""
        base = self.root_dse().text("defaultNamingContext")
        yield from self._pages(
            base, f"(&(isDeleted=TRUE)(uSNChanged>={changed_since}))", ("objectGUID",), page_size, [_SHOW_DELETED]
        )

    def has_any(self, search_filter: str) -> bool:
        """Whether anything in the domain matches."""
        base = self.root_dse().text("defaultNamingContext")
        return bool(self._search(base, search_filter, ("objectGUID",), page_size=1))

    def dirsync_page(self, attributes: tuple[str, ...], search_filter: str, control: Any) -> DirSyncPage:
        """The next of what changed in the domain, by this request of DirSync. Raises SearchFailed."""
        base = self.root_dse().text("defaultNamingContext")
        entries = self._search(base, search_filter, attributes, controls=[control])
        answered = self._answered(DIRSYNC)
        if answered is None:
            raise errors.SearchFailed(f"{self.server} took DirSync's request and answered without it.", code=_OTHER)
        return DirSyncPage(entries, bytes(answered["cookie"] or b""), bool(answered["more_results"]))

    def read(self, dn: str, attributes: tuple[str, ...]) -> Entry | None:
        """One entry by its name, or None where there is none."""
        entries = self._search(dn, "(objectClass=*)", attributes, scope=ldap3.BASE)
        return entries[0] if entries else None

    def search_pages(
        self, base_dn: str, search_filter: str, attributes: tuple[str, ...], *, page_size: int
    ) -> Iterator[list[Entry]]:
        """All entries, page by page; groups come with all their members. Raises SearchFailed, never ends early."""
        controls = [_EXTENDED_DN] if self.is_active_directory else []
        yield from self._pages(base_dn, search_filter, attributes, page_size, controls)

    def _pages(
        self, base_dn: str, search_filter: str, attributes: tuple[str, ...], page_size: int, controls: list[Any]
    ) -> Iterator[list[Entry]]:
        cookie: bytes | None = None
        while True:
            page = self._search(
                base_dn, search_filter, attributes, page_size=page_size, cookie=cookie, controls=controls
            )
            cookie = self._next_cookie()
            yield [self._whole(entry, controls) for entry in page]
            if not cookie:
                return

    def _whole(self, entry: Entry, controls: list[Any]) -> Entry:
        """The entry with every value: a controller gives the first 1500 and says so in the attribute's name."""
        partial = [name for name in entry.attributes if ";range=" in name]
        if not partial:
            return entry
        values = {name: list(found) for name, found in entry.attributes.items() if ";range=" not in name}
        for name in partial:
            attribute, _, bounds = name.partition(";range=")
            found, end = list(entry.attributes[name]), bounds.rpartition("-")[2]
            while end != "*":
                more, end = self._range(entry, attribute, int(end) + 1, controls)
                found += more
            values[attribute] = found
        return Entry(entry.dn, values)

    def _range(self, entry: Entry, attribute: str, start: int, controls: list[Any]) -> tuple[list[bytes], str]:
        asked = (f"{attribute};range={start}-*",)
        entries = self._search(entry.dn, "(objectClass=*)", asked, scope=ldap3.BASE, controls=controls)
        for name, found in entries[0].attributes.items() if entries else ():
            if name.startswith(f"{attribute};range="):
                return list(found), name.rpartition("-")[2]
        raise errors.SearchFailed(f"{self.server} did not give all values of {attribute} of {entry.dn[:200]!r}.")

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

    def _search(
        self,
        base_dn: str,
        search_filter: str,
        attributes: tuple[str, ...],
        *,
        scope: str = ldap3.SUBTREE,
        page_size: int | None = None,
        cookie: bytes | None = None,
        controls: list[Any] | None = None,
    ) -> list[Entry]:
        began = time.perf_counter()
        try:
            self._raw.search(
                base_dn,
                search_filter,
                scope,
                attributes=[self._names.get(name.lower(), name) for name in attributes],
                paged_size=page_size,
                paged_cookie=cookie,
                controls=controls or None,
            )
        except ldap3_errors.LDAPInvalidFilterError as error:
            raise errors.FilterRefused(f"The filter {search_filter[:200]!r} is malformed.") from error
        except (ldap3_errors.LDAPException, OSError) as error:
            raise errors.SearchFailed(f"Reading from {self.server} broke off: {printable(error)}.") from error
        finally:
            self.waited_s += time.perf_counter() - began
        result = self._raw.result
        if result["result"] in _NO_SUCH_BASE and scope == ldap3.BASE:
            return []
        if result["result"] in _NO_SUCH_BASE:
            raise errors.FilterRefused(
                f"{self.server} has no object {base_dn!r}, or the bind account may not see it: check the base DN."
            )
        if result["result"] != _SUCCESS:
            raise errors.SearchFailed(search_failure(self.server, base_dn, result), code=int(result["result"]))
        # A search from the root also returns referrals to other partitions; they are no entries.
        return [_entry(item, self._names) for item in self._raw.response or () if item["type"] == "searchResEntry"]

    def _next_cookie(self) -> bytes | None:
        control = self._answered(_PAGED_RESULTS)
        return control["cookie"] if control else None

    def _answered(self, control: str) -> dict[str, Any] | None:
        """What the controller's last answer holds for this control."""
        answered = (self._raw.result.get("controls") or {}).get(control)
        return answered["value"] if answered else None


def _ldap3_server(settings: SourceSettings, server: Server) -> Any:
    tls = None
    if settings.security is not Security.PLAIN:
        tls = VerifiedTls(tls_context(settings.ca_pem), settings.tls_name)
    return ldap3.Server(
        server.host,
        port=server.port,
        use_ssl=settings.security is Security.LDAPS,
        tls=tls,
        get_info=ldap3.NONE,  # with a schema loaded, asking for an attribute that the server lacks would raise
        connect_timeout=settings.connect_timeout_s,
    )


def _entry(item: dict[str, Any], names: Mapping[str, str]) -> Entry:
    raw = item["raw_attributes"]
    values = {name.lower(): found for name, found in raw.items() if found}
    for ours, theirs in names.items():
        found = values.get(theirs.lower())
        if found is None:
            values.pop(ours, None)
        else:
            values[ours] = [_typed(value) for value in found] if ours == "proxyaddresses" else found
    return Entry(plain_dn(item["dn"]), values)


def _typed(value: bytes) -> bytes:
    """Directories other than Active Directory hold bare addresses; every one is as good as the next."""
    return value if b":" in value else b"smtp:" + value
