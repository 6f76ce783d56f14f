"""What a directory calls its own base (RFC 4512 5.1): asked of the rootDSE, before more than a controller is known."""

import contextlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import ldap3
from ldap3.core import exceptions as ldap3_errors

from directory import errors
from directory.connection import Connection
from directory.entry import Entry
from directory.failures import connection_failure
from directory.settings import Server, SourceSettings
from directory.source import with_first_that_works

WAIT_S = 3
MOST_ASKED = 6  # three hosts at both of LDAP's ports
_TLS_PORTS = {636, 3269}
_ATTRIBUTES = ("defaultNamingContext", "namingContexts")


@dataclass(frozen=True, slots=True)
class NamingContext:
    """The base DN, and which controller said so."""

    base_dn: str
    server: Server


def ask_naming_context(servers: Iterable[Server]) -> NamingContext:
    """The base of the first of these that answers. Raises ServerUnreachable, SearchFailed.

    Nobody signs in and nothing is trusted: what is found is shown to a person, and everything later is verified.
    """
    failures = []
    for server in list(servers)[:MOST_ASKED]:
        try:
            return NamingContext(_base_dn(server), server)
        except errors.DirectoryUnavailable as failure:
            failures.append(str(failure))
    raise errors.ServerUnreachable(" ".join(failures) or "There is no controller to be asked.")


def base_dn_of(settings: SourceSettings) -> str:
    """The same of a directory that can be signed in to. Raises DirectoryUnavailable, BindRefused."""

    def action(connection: Connection) -> str:
        root = connection.root_dse()
        return _chosen(connection.server, (root.text("defaultNamingContext"), *root.texts("namingContexts")))

    return with_first_that_works(settings, action)


def _chosen(server: Server, names: Iterable[str]) -> str:
    for name in names:
        if name:
            return name
    raise errors.SearchFailed(f"{server} names no base DN of its own.")


def _base_dn(server: Server) -> str:
    is_tls = server.port in _TLS_PORTS
    asked = ldap3.Server(
        server.host, port=server.port, use_ssl=is_tls, tls=ldap3.Tls(validate=ssl.CERT_NONE) if is_tls else None,
        get_info=ldap3.NONE, connect_timeout=WAIT_S,
    )  # fmt: skip
    raw = ldap3.Connection(asked, receive_timeout=WAIT_S, auto_referrals=False, return_empty_attributes=False)
    try:
        raw.open(read_server_info=False)
        raw.search("", "(objectClass=*)", ldap3.BASE, attributes=list(_ATTRIBUTES))
        return _chosen(server, _names_in(raw.response or ()))
    except (ldap3_errors.LDAPException, OSError, UnicodeError) as error:
        raise connection_failure(server, error) from error
    finally:
        with contextlib.suppress(ldap3_errors.LDAPException, OSError):
            raw.unbind()


def _names_in(response: Iterable[dict[str, Any]]) -> list[str]:
    """The default one first."""
    entries = [Entry("", {k.lower(): v for k, v in one["raw_attributes"].items() if v}) for one in response]
    return [name for entry in entries for attribute in _ATTRIBUTES for name in entry.texts(attribute)]
