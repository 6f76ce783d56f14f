"""Which certificate each receive connector shows, and the TLS contexts for it; follows the files as they change."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import structlog

from transport.certificates import folder
from transport.certificates.certificate import Certificate, best, problem_of
from transport.certificates.folder import Given
from transport.config.objects import PermissionGroup, ReceiveConnector
from transport.model.certificate import PresentedCertificate

log = structlog.get_logger(__name__)


class CertificateStore:
    """The certificates of a node. ``hostname`` is our name where a connector has none of its own; ``given`` are those
    that the console keeps."""

    def __init__(
        self, path: Path, *, hostname: str, given: Given | None = None, clock: Callable[[], float] = time.time
    ) -> None:
        self._path = path
        self._given = given
        self._hostname = hostname
        self._clock = clock
        self._state = folder.state(path, given)
        self._found = folder.look(path, given)
        self._valid = self._valid_now()
        self._contexts: dict[tuple[str, str, bool], ssl.SSLContext] = {}
        for problem in self._found.problems:
            log.warning("certificates.unusable", problem=problem)

    def refresh(self) -> bool:
        """Look whether files have changed, or a certificate is over, and choose anew for handshakes from now on."""
        state = folder.state(self._path, self._given)
        if state == self._state and self._valid_now() == self._valid:
            return False
        self._state = state
        self._found = folder.look(self._path, self._given)
        self._valid = self._valid_now()
        self._contexts.clear()
        log.info("certificates.changed", names=[one.name for one in self._found.certificates])
        return True

    def _valid_now(self) -> list[bool]:
        now = self._clock()
        return [one.is_valid(now) for one in self._found.certificates]

    def context_for(self, connector: ReceiveConnector) -> ssl.SSLContext | None:
        """The context of the connector's handshakes; None where the node has no certificate at all."""
        key = (connector.tls_certificate_name, connector.fqdn, self.asks_client(connector))
        context = self._contexts.get(key)
        if context is None:
            chosen = self.chosen(connector, now=self._clock())
            if chosen is None:
                return None
            context = self._contexts[key] = self._make(connector, chosen)
        return context

    def asks_client(self, connector: ReceiveConnector) -> bool:
        """Whether the connector asks for a client certificate. Without authorities none could verify, and a peer that
        shows one of its own would fail: then it does not ask."""
        return wants_client_certificate(connector) and self._found.client_authorities is not None

    def chosen(self, connector: ReceiveConnector, *, now: float) -> Certificate | None:
        """The connector's certificate: by its setting, else the best for its name, for the node's, else any."""
        known, wanted = self._found.certificates, connector.tls_certificate_name
        called = [one for one in known if wanted and one.is_called(wanted)]
        return best(called or self._for(connector.fqdn) or self._for(self._hostname) or known, now=now)

    def called(self, wanted: str, *, now: float) -> Certificate | None:
        """The best of those with that name."""
        return best([one for one in self._found.certificates if one.is_called(wanted)], now=now)

    def _for(self, host: str) -> list[Certificate]:
        return [one for one in self._found.certificates if host and one.covers(host)]

    def presented(self, connector: ReceiveConnector, *, now: float) -> PresentedCertificate:
        """What the connector shows, and what is wrong with that."""
        chosen = self.chosen(connector, now=now)
        problem = self._problem(connector, chosen, now=now)
        if chosen is None:
            return PresentedCertificate(connector.id, problem=problem)
        return PresentedCertificate(
            connector.id, chosen.name, chosen.names, chosen.issuer, chosen.not_after, chosen.is_self_signed, problem
        )

    def _problem(self, connector: ReceiveConnector, chosen: Certificate | None, *, now: float) -> str:
        wanted = connector.tls_certificate_name
        if chosen is None:
            return " ".join(("This node has no certificate: TLS is not offered.", *self._found.problems))
        if wanted and not chosen.is_called(wanted):
            unusable = [problem for problem in self._found.problems if f" {wanted} " in problem]
            missing = unusable or [f"The certificate {wanted} is not on this node."]
            return f"{missing[0]} {chosen.name} is shown instead."
        if connector.fqdn and not wanted and not chosen.covers(connector.fqdn):
            return f"No certificate on this node is for {connector.fqdn}; {chosen.name} is shown instead."
        if wants_client_certificate(connector) and self._found.client_authorities is None:
            return f"No client certificate is asked for: {folder.CLIENT_AUTHORITIES_NAME} is not on this node."
        return problem_of(chosen, now=now)

    def _make(self, connector: ReceiveConnector, chosen: Certificate) -> ssl.SSLContext:
        asks = self.asks_client(connector)
        context = self._load(chosen, asks=asks)
        if not connector.tls_certificate_name:
            others = {one.fingerprint: self._load(one, asks=asks) for one in self._found.certificates if one != chosen}

            def by_name(connection: Any, name: str | None, _: ssl.SSLContext) -> None:
                """Server name indication (RFC 6066 3): the best that covers the name, where there is one."""
                fitting = [one for one in self._found.certificates if name and one.covers(name)]
                found = best(fitting, now=self._clock())
                if found is not None and found.fingerprint in others:
                    connection.context = others[found.fingerprint]

            context.sni_callback = by_name
        return context

    def _load(self, certificate: Certificate, *, asks: bool) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(certificate.chain, certificate.key, password=certificate.password)
        if asks:
            context.verify_mode = ssl.CERT_OPTIONAL
            context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a client's own certificate may be listed itself
            context.load_verify_locations(self._found.client_authorities)
        return context


def wants_client_certificate(connector: ReceiveConnector) -> bool:
    """Whether the configuration says that clients shall be asked for a certificate."""
    return connector.is_client_certificate_requested or PermissionGroup.PARTNERS in connector.permission_groups
