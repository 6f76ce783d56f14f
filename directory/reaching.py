"""How a controller is reached: the standard library verifies chain and name. ldap3 itself verifies nothing unless told
so, and its own name check knows no IP address."""

import ssl
from typing import Any

import ldap3

from directory.settings import Security, Server, SourceSettings, tls_context


class VerifiedTls(ldap3.Tls):
    """Lets the standard library check chain and host name, on every Python alike."""

    def __init__(self, context: ssl.SSLContext, name: str | None) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._name = name

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        name = self._name or connection.server.host
        connection.socket = self._context.wrap_socket(connection.socket, server_hostname=name)


def ldap3_server(settings: SourceSettings, server: Server) -> Any:
    """What ldap3 connects to."""
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
