"""Makes the courier of each delivery queue: what all of them share meets what each needs."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from transport.config.objects import SendConnector
from transport.delivery.dead_targets import DeadTargets
from transport.delivery.dial import Dialler
from transport.delivery.handshake import Greeter
from transport.delivery.pace import Pace
from transport.delivery.pool import ConnectionPool
from transport.delivery.timeouts import Timeouts
from transport.delivery.tls_context import ClientCertificate, TlsContexts
from transport.model.next_hop import NextHop
from transport.ports import Resolver, SecretReader
from transport.queues.courier import Source


class SmtpCouriers:
    """The Couriers of the engine. ``ca_file`` holds the trusted roots; None means the system's. ``own_certificate`` is
    shown by connectors that say so."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        secrets: SecretReader,
        ca_file: Path | None = None,
        own_certificate: ClientCertificate | None = None,
        timeouts: Timeouts | None = None,
    ) -> None:
        self._resolver = resolver
        self._secrets = secrets
        self._tls = TlsContexts(ca_file, own_certificate)
        self._timeouts = timeouts or Timeouts()
        self._dead = DeadTargets(time.monotonic)
        self._paces: dict[str, Pace] = {}

    def open(self, next_hop: NextHop, connector: SendConnector, source: Source, *, hostname: str) -> ConnectionPool:
        greeter = Greeter(connector, connector.fqdn or hostname, self._secrets, self._tls, self._timeouts)
        dialler = Dialler(next_hop, connector, self._resolver, greeter, self._dead, self._timeouts)
        return ConnectionPool(connector, source, dialler, asyncio.get_running_loop(), self._pace(connector))

    def _pace(self, connector: SendConnector) -> Pace | None:
        """Shared by the connector's queues, and kept over a change of the configuration."""
        per_minute = connector.message_rate_limit_per_min
        if per_minute is None:
            self._paces.pop(connector.id, None)
            return None
        pace = self._paces.setdefault(connector.id, Pace(per_minute, time.monotonic))
        pace.per_minute = per_minute
        return pace
