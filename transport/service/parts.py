"""What the engine of one node is made of, wired together. Nothing runs here, and nothing is decided."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from transport.certificates import own
from transport.certificates.store import CertificateStore
from transport.config.document import MailFlow
from transport.delivery.couriers import SmtpCouriers
from transport.delivery.ourselves import is_own
from transport.delivery.resolver import DnsResolver
from transport.delivery.tls_context import ClientCertificate
from transport.listener.server import Listener
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.pickup.pickup import Pickup
from transport.ports.node import Ports
from transport.pressure.monitor import PressureMonitor
from transport.protocol_log.log import ProtocolLogs
from transport.queues.control import QueueControl
from transport.queues.idle import IdleQueues
from transport.queues.intake import EngineIntake
from transport.queues.manager import DeliveryQueues
from transport.rules.ruleset import Ruleset, compile_ruleset
from transport.shadow.redundancy import Redundancy
from transport.spool.sqlite_spool import SqliteSpool


class Parts:
    """``home`` is MAILCONSOLE_HOME: ``folder``, with the spool, is the node's in it, ``tls_folder`` the certificates'.
    ``listener`` and ``certificates`` are there once the engine has started; ``ruleset`` is the one in force."""

    def __init__(
        self,
        *,
        node: str,
        home: Path,
        document: MailFlow,
        revision: int,
        ports: Ports,
        pickup_folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.node = node
        self.folder = home / "nodes" / node
        self.tls_folder = home / "tls"
        self.ports = ports
        self.clock = clock
        self.ruleset: Ruleset = compile_ruleset(document, revision, node)
        self.hostname = document.organization.hostname or socket.getfqdn()
        self.listener: Listener | None = None
        self.certificates: CertificateStore | None = None
        self.spool = SqliteSpool(self.folder, node=node, clock=clock)
        self.protocol = ProtocolLogs(self.folder / "protocol", clock)
        self.protocol.apply(document.organization)
        resolver = ports.resolver or DnsResolver(own_names=(self.hostname,), is_own=self._is_own)
        self.dns = resolver.lookup if isinstance(resolver, DnsResolver) else None
        self.queues = DeliveryQueues(
            spool=self.spool,
            couriers=SmtpCouriers(
                resolver=resolver,
                secrets=ports.secrets,
                certificates=self._certificate_shown,
                dns=self.dns,
                protocol=self.protocol.send,
            ),
            submit_dsn=self._submit,
            document=document,
            hostname=self.hostname,
            clock=clock,
            reroute=self._reroute,
        )
        self.shadow = Redundancy(
            node=node,
            folder=self.folder,
            port=ports.shadow,
            spool=self.spool,
            submit=self._submit,
            take_back=self.queues.take_back,
            clock=clock,
        )
        self.intake = EngineIntake(
            spool=self.spool, queues=self.queues, lookup=ports.recipients, ruleset=self.ruleset, clock=clock
        )
        self.control = QueueControl(
            self.queues, self.spool, clock, folder=self.folder / "begun-orders", decided=self.intake.decided
        )
        self.idle = IdleQueues(
            self.queues,
            self.spool,
            clock,
            max_idle_s=lambda: self.ruleset.organization.max_idle_time_before_resubmit,
            decided=self.intake.decided,
        )
        self.pressure = PressureMonitor(
            folder=self.folder,
            settings=document.organization,
            queue_length=lambda: self.spool.count,
            record=self.spool.record,
            clock=clock,
        )
        self.pickup = Pickup(
            folder=pickup_folder or self.folder / "pickup",
            node=node,
            hostname=self.hostname,
            ruleset=self.ruleset,
            intake=self.intake,
            lookup=ports.recipients,
            record=self.spool.record,
            clock=clock,
        )

    def _submit(self, message: Message, events: Sequence[TrackingEvent]) -> asyncio.Future[None]:
        return self.intake.submit(message, events)

    def _reroute(self, message: Message, recipients: Sequence[Recipient]) -> None:
        self.intake.decide_again(message, recipients)

    def _is_own(self, address: str, port: int) -> bool:
        """Whether delivering there would come back to us."""
        return self.listener is not None and is_own(address, port, self.listener.listening)

    def _certificate_shown(self, name: str) -> ClientCertificate | None:
        """The certificate that a send connector shows; the node's own where it names none."""
        if not name:
            return ClientCertificate(self.tls_folder / own.CERTIFICATE_NAME, self.tls_folder / own.KEY_NAME)
        found = self.certificates.called(name, now=self.clock()) if self.certificates is not None else None
        return ClientCertificate(found.chain, found.key) if found is not None else None
