"""Makes the courier of each delivery queue: what all of them share meets what each needs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from transport.config.objects import SendConnector
from transport.delivery.dead_targets import DeadTargets
from transport.delivery.dial import Dialler
from transport.delivery.dns_lookup import DnsLookup
from transport.delivery.handshake import Greeter
from transport.delivery.outbound import Outbound
from transport.delivery.pace import Pace
from transport.delivery.pool import ConnectionPool
from transport.delivery.sts_policies import StsPolicies
from transport.delivery.timeouts import Timeouts
from transport.delivery.tls_context import ClientCertificate, TlsContexts, no_certificates
from transport.delivery.tls_policy import Verification
from transport.model.next_hop import NextHop
from transport.ports.resolver import Resolver
from transport.ports.secrets import SecretReader
from transport.protocol_log.log import ProtocolLog
from transport.queues.courier import Source

WEB = Verification(is_chain_required=True, is_name_required=True)


class SmtpCouriers:
    """The Couriers of the engine. ``ca_file`` holds the trusted roots; None means the system's. ``certificates`` gives
    those that connectors show, by name. ``dns`` is what policies of domains are looked up with; None: they are not."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        secrets: SecretReader,
        ca_file: Path | None = None,
        certificates: Callable[[str], ClientCertificate | None] = no_certificates,
        dns: DnsLookup | None = None,
        https_port: int = 443,
        protocol: ProtocolLog | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._resolver = resolver
        self._secrets = secrets
        self._tls = TlsContexts(ca_file, certificates)
        self._sts = StsPolicies(dns, lambda: self._tls.get(WEB), port=https_port) if dns is not None else None
        self._timeouts = timeouts or Timeouts()
        self._protocol = protocol
        self._dead = DeadTargets(time.monotonic)
        self._paces: dict[str, Pace] = {}
        self._outbound = Outbound()

    def bound(self, connections: int | None) -> None:
        """See Couriers."""
        self._outbound.bound(connections)

    def open(self, next_hop: NextHop, connector: SendConnector, source: Source, *, hostname: str) -> ConnectionPool:
        greeter = Greeter(connector, connector.fqdn or hostname, self._secrets, self._tls, self._timeouts)
        dialler = Dialler(
            next_hop, connector, self._resolver, greeter, self._dead, self._timeouts, self._sts, self._protocol
        )
        loop, pace = asyncio.get_running_loop(), self._pace(connector)
        return ConnectionPool(connector, source, dialler, loop, pace, self._outbound)

    def _pace(self, connector: SendConnector) -> Pace | None:
        """Shared by the connector's queues, and kept over a change of the configuration."""
        per_minute = connector.message_rate_limit_per_min
        if per_minute is None:
            self._paces.pop(connector.id, None)
            return None
        pace = self._paces.setdefault(connector.id, Pace(per_minute, time.monotonic))
        pace.per_minute = per_minute
        return pace
