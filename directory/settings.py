"""Values: how to reach one directory. Made and checked here, so that a bad setting is said before any socket opens."""

import enum
import re
import ssl
from dataclasses import dataclass, field, replace
from pathlib import PurePath
from typing import Self

from directory.errors import InsecureConnectionRefused, InvalidSourceSettings
from directory.mapping import DEFAULT_FILTER

DEFAULT_PAGE_SIZE = 500
MOST_SERVERS = 20
_PRINCIPAL = re.compile(r"[^@\s\\]{1,200}@[A-Za-z0-9._-]{1,253}")
_CACHE = re.compile(r"(?:[A-Z]{2,10}:)?[^\s\x00]{1,500}")
_DNS_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,250}[A-Za-z0-9])?")


class Security(enum.StrEnum):
    """How the connection is protected. `sentence` is the explanation shown to people."""

    LDAPS = "ldaps"
    STARTTLS = "starttls"
    PLAIN = "plain"

    @property
    def default_port(self) -> int:
        return 636 if self is Security.LDAPS else 389

    @property
    def label(self) -> str:
        return _LABELS[self]

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_LABELS = {Security.LDAPS: "LDAPS", Security.STARTTLS: "StartTLS", Security.PLAIN: "None (plain LDAP)"}
_SENTENCES = {
    Security.LDAPS: "TLS from the first byte, usually on port 636.",
    Security.STARTTLS: "Plain at first, then TLS before any password is sent, usually on port 389.",
    Security.PLAIN: "No TLS: the bind password and every answer can be read on the way.",
}


class BindMethod(enum.StrEnum):
    """How the account that reads the directory proves itself."""

    PASSWORD = "password"  # noqa: S105
    KERBEROS = "kerberos"

    @property
    def label(self) -> str:
        return "Password" if self is BindMethod.PASSWORD else "Kerberos"

    @property
    def sentence(self) -> str:
        if self is BindMethod.PASSWORD:
            return "A simple bind over TLS."
        return "A keytab or a credential cache of this machine, over TLS."


@dataclass(frozen=True, slots=True)
class Server:
    """One controller."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """One directory: its controllers in the order in which they are tried, and what is read from it.

    Kerberos takes its ticket by `keytab`, a path; else from `credential_cache`, such as FILE:/tmp/krb5cc_0; else from
    where the environment says. `ca_pem` None means the system's own certificate authorities. `tls_name` is the name
    that the certificate must hold where it differs from the host, as it does for a controller given by its address.
    `attribute_names` are pairs of Exchange's name and the one that this directory has instead.
    """

    servers: tuple[Server, ...]
    base_dn: str
    bind_user: str
    bind_password: str = field(repr=False)
    domain: str = ""
    site: str = ""
    security: Security = Security.LDAPS
    allow_plain: bool = False
    ca_pem: str | None = field(default=None, repr=False)
    tls_name: str | None = None
    search_filter: str = DEFAULT_FILTER
    page_size: int = DEFAULT_PAGE_SIZE
    attribute_names: tuple[tuple[str, str], ...] = ()
    bind_method: BindMethod = BindMethod.PASSWORD
    keytab: str = ""
    credential_cache: str = ""
    connect_timeout_s: int = 5
    receive_timeout_s: int = 30

    def __post_init__(self) -> None:
        if not self.servers and not self.domain:
            raise InvalidSourceSettings("Name at least one domain controller, or the domain whose DNS names them.")
        if len(self.servers) > MOST_SERVERS:
            raise InvalidSourceSettings(f"Name at most {MOST_SERVERS} controllers.", field="servers")
        for setting, name in (("domain", self.domain), ("site", self.site)):
            if name and not _DNS_NAME.fullmatch(name):
                raise InvalidSourceSettings(f"{name[:80]!r} is no name in DNS.", field=setting)
        if not 1 <= self.page_size <= 1000:
            raise InvalidSourceSettings(
                "The page size must be from 1 to 1000, Active Directory's own maximum.", field="page_size"
            )
        if self.security is Security.PLAIN and not self.allow_plain:
            raise InsecureConnectionRefused(
                "Plain LDAP would send the bind password in clear text. Use LDAPS or StartTLS, or allow it expressly."
            )
        if self.bind_method is BindMethod.KERBEROS:
            _check_kerberos(self)

    def at(self, server: Server) -> Self:
        """The same directory by this controller alone."""
        return replace(self, servers=(server,), domain="", site="")


def parse_servers(text: str, security: Security) -> tuple[Server, ...]:
    """Controllers from `host`, `host:port` or `[v6]:port`, by spaces, commas or lines.

    Raises InvalidSourceSettings, which names the part that cannot be read.
    """
    return tuple(_parse_server(word, security) for word in text.replace(",", " ").split())


def tls_context(ca_pem: str | None) -> ssl.SSLContext:
    """A context that verifies chain and name. Raises InvalidSourceSettings for a CA that is no certificate."""
    try:
        return ssl.create_default_context(cadata=ca_pem or None)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidSourceSettings(f"The CA certificate cannot be read as PEM: {error}.", field="ca_pem") from error


def _check_kerberos(settings: SourceSettings) -> None:
    """Raises InvalidSourceSettings."""
    if not _PRINCIPAL.fullmatch(settings.bind_user):
        raise InvalidSourceSettings(
            "Kerberos signs in as a principal, such as svc-mailflow@CORP.EXAMPLE.", field="bind_user"
        )
    if settings.security is Security.PLAIN:
        raise InvalidSourceSettings(
            "Kerberos proves who reads and protects nothing here: use LDAPS or StartTLS.", field="security"
        )
    if settings.keytab and not PurePath(settings.keytab).is_absolute():
        raise InvalidSourceSettings(
            "The keytab is a file: write its whole path, such as /etc/mailconsole/reader.keytab.", field="keytab"
        )
    if settings.credential_cache and not _CACHE.fullmatch(settings.credential_cache):
        raise InvalidSourceSettings(
            "Write the credential cache as Kerberos does, such as FILE:/run/mailconsole/tickets.",
            field="credential_cache",
        )


def _parse_server(word: str, security: Security) -> Server:
    word = word.removeprefix("ldaps://").removeprefix("ldap://").rstrip("/")
    host, port = word, str(security.default_port)
    if word.startswith("["):
        host, bracket, rest = word[1:].partition("]")
        if not bracket or (rest and not rest.startswith(":")):
            raise InvalidSourceSettings(f"{word!r} is no server: an IPv6 address needs both brackets.", field="servers")
        port = rest[1:] or port
    elif word.count(":") == 1:
        host, _, port = word.partition(":")
    if not host or not port.isdecimal() or not 1 <= int(port) <= 65535:
        raise InvalidSourceSettings(
            f"{word!r} is no server: write host, host:port or [IPv6 address]:port.", field="servers"
        )
    return Server(host, int(port))
