"""From a fresh connection to one that takes mail: greeting, EHLO or HELO, STARTTLS, AUTH."""

from __future__ import annotations

import base64
import ssl
from dataclasses import dataclass

from transport.config.objects import SendConnector, TlsLevel
from transport.delivery import capabilities as capabilities_of
from transport.delivery import certificate_names, tls_policy
from transport.delivery.a_labels import to_a_labels
from transport.delivery.capabilities import HELO_ONLY, Capabilities
from transport.delivery.connection import Connection
from transport.delivery.demand import Demand
from transport.delivery.exchangers import split_port
from transport.delivery.failure import ConnectionFailed, deferred, refused
from transport.delivery.timeouts import Timeouts
from transport.delivery.tls_context import CertificateMissing, TlsContexts
from transport.delivery.tls_policy import TlsStep
from transport.model.outcome import OutcomeKind, Phase
from transport.model.reply import Reply
from transport.ports.secrets import SecretReader
from transport.ports.unavailable import LookupUnavailable
from transport.rules import replies


class HandshakeFailed(ConnectionFailed):
    """TLS did not come about; where the level allows, a new connection may go on in clear."""


@dataclass(frozen=True, slots=True)
class Greeter:
    """How we introduce ourselves under one send connector. ``hostname`` is our name in EHLO."""

    connector: SendConnector
    hostname: str
    secrets: SecretReader
    tls: TlsContexts
    timeouts: Timeouts

    async def greet(
        self, connection: Connection, host: str, *, has_tls_failed: bool, demand: Demand | None = None
    ) -> Capabilities:
        """Bring ``connection`` to where mail can be sent. Raises ConnectionFailed, HandshakeFailed."""
        self._check(connection, await connection.greeting(self.timeouts.banner_s), Phase.BANNER)
        capabilities = await self._hello(connection)
        demand = demand or Demand(self.connector.tls_level)
        connection.note, level = demand.note, demand.level
        step = tls_policy.step(level, is_offered=capabilities.has_starttls, has_failed=has_tls_failed)
        if step is TlsStep.REFUSE:
            reason = f"{level.sentence} The server does not offer STARTTLS."
            raise ConnectionFailed(deferred(Phase.TLS, reason, "4.7.4", remote=connection.remote))
        if step is TlsStep.START_TLS:
            await self._start_tls(connection, host, demand)
            capabilities = await self._hello(connection)  # RFC 3207 4.2: what was said before is void
        if self.connector.username:
            await self._authenticate(connection, capabilities)
        return capabilities

    async def _expect(self, connection: Connection, command: bytes, phase: Phase) -> None:
        self._check(connection, await connection.ask(command, phase, self.timeouts.command_s), phase)

    def _check(self, connection: Connection, reply: Reply, phase: Phase) -> None:
        meaning = replies.meaning(reply, phase)
        if meaning.kind is not OutcomeKind.DELIVERED:
            raise ConnectionFailed(refused(meaning.kind, phase, reply, remote=connection.remote, tls=connection.tls))

    async def _hello(self, connection: Connection) -> Capabilities:
        """EHLO, or HELO where the server does not know that (RFC 5321 3.2)."""
        name = to_a_labels(self.hostname).encode()
        if self.connector.is_helo_forced:
            await self._expect(connection, b"HELO " + name + b"\r\n", Phase.EHLO)
            return HELO_ONLY
        reply = await connection.ask(b"EHLO " + name + b"\r\n", Phase.EHLO, self.timeouts.command_s)
        if reply.code == 250:
            return capabilities_of.parse(reply.text)
        if reply.code == 421 or not reply.is_permanent:
            raise ConnectionFailed(
                refused(OutcomeKind.DEFERRED, Phase.EHLO, reply, remote=connection.remote, tls=connection.tls)
            )
        await self._expect(connection, b"HELO " + name + b"\r\n", Phase.EHLO)
        return HELO_ONLY

    async def _start_tls(self, connection: Connection, host: str, demand: Demand) -> None:
        context = self._context(connection, demand.level)
        try:
            await self._expect(connection, b"STARTTLS\r\n", Phase.TLS)
            await connection.start_tls(context, host)
        except ConnectionFailed as failed:
            raise HandshakeFailed(failed.outcome) from failed
        except ssl.SSLCertVerificationError as error:
            reason = f"The server's certificate was not accepted: {replies.clean(error.verify_message)}."
            raise HandshakeFailed(deferred(Phase.TLS, reason, "4.7.5", remote=connection.remote)) from error
        except OSError as error:
            reason = f"TLS could not be started: {replies.clean(str(error)) or type(error).__name__}."
            raise HandshakeFailed(deferred(Phase.TLS, reason, "4.7.0", remote=connection.remote)) from error

        self._check_name(connection, host, demand)

    def _context(self, connection: Connection, level: TlsLevel) -> ssl.SSLContext:
        connector = self.connector
        verification = tls_policy.verification(level, has_own_name=connector.tls_domain is not None)
        if not connector.is_client_certificate_shown:
            return self.tls.get(verification)
        try:
            return self.tls.showing(verification, connector.tls_certificate_name)
        except CertificateMissing:
            reason = f"The certificate {connector.tls_certificate_name} that the connector shows is not on this node."
        except OSError as error:
            name = connector.tls_certificate_name or "of the node"
            reason = f"The certificate {name} that the connector shows cannot be read: {error.strerror or error}."
        raise ConnectionFailed(deferred(Phase.TLS, reason, "4.3.5", remote=connection.remote))

    def _check_name(self, connection: Connection, host: str, demand: Demand) -> None:
        """Compare the certificate with the connector's own name for it; the host's was compared by the handshake."""
        wanted = self.connector.tls_domain
        if wanted is not None and not certificate_names.carries(connection.certificate_names, wanted):
            shown = replies.clean(", ".join(connection.certificate_names[:5]))[:300] or "no name"
            reason = f"The server's certificate was not accepted: it carries {shown}, not {wanted}."
            raise HandshakeFailed(deferred(Phase.TLS, reason, "4.7.5", remote=connection.remote, tls=connection.tls))
        # RFC 8689 4.2.1: a name from MX records counts only with DNSSEC, which we do not ask, or an MTA-STS policy.
        configured = {split_port(text, 0)[0].strip("[]").lower() for text in self.connector.smart_hosts}
        is_name_sure = wanted is not None or host.lower() in configured or demand.is_enforced
        connection.is_verified = is_name_sure and demand.level is TlsLevel.DOMAIN_VALIDATION

    async def _authenticate(self, connection: Connection, capabilities: Capabilities) -> None:
        """AUTH PLAIN or LOGIN (RFC 4954, RFC 4616), never in clear."""
        if not connection.tls:
            raise self._auth_failed(connection, "Credentials are sent over TLS only.")
        try:
            password = self.secrets(self.connector.password_secret)
        except LookupUnavailable as error:
            raise self._auth_failed(connection, f"The password cannot be read: {error}.") from error
        if "PLAIN" in capabilities.auth_mechanisms:
            await self._expect(connection, b"AUTH PLAIN " + self._plain(password) + b"\r\n", Phase.AUTH)
        elif "LOGIN" in capabilities.auth_mechanisms:
            await self._login(connection, password)
        else:
            raise self._auth_failed(connection, "The server offers neither AUTH PLAIN nor LOGIN.")

    def _plain(self, password: str) -> bytes:
        return base64.b64encode(f"\0{self.connector.username}\0{password}".encode())

    async def _login(self, connection: Connection, password: str) -> None:
        await self._expect(connection, b"AUTH LOGIN\r\n", Phase.AUTH)
        for answer in (self.connector.username, password):
            await self._expect(connection, base64.b64encode(answer.encode()) + b"\r\n", Phase.AUTH)

    def _auth_failed(self, connection: Connection, reason: str) -> ConnectionFailed:
        return ConnectionFailed(deferred(Phase.AUTH, reason, "4.7.8", remote=connection.remote, tls=connection.tls))
