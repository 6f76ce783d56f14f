"""TransportService, one node's engine: wires listener, spool, categorizer and queues; decides nothing itself."""

from __future__ import annotations

import asyncio
import datetime
import gc
import socket
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from transport.certificates import own
from transport.certificates.folder import Given
from transport.certificates.store import CertificateStore
from transport.config import validate
from transport.config.document import MailFlow
from transport.config.objects import TlsMode
from transport.delivery.couriers import SmtpCouriers
from transport.delivery.ourselves import is_own
from transport.delivery.resolver import DnsResolver
from transport.delivery.tls_context import ClientCertificate
from transport.gateways import gateways
from transport.listener import relay_usage
from transport.listener.relay_usage import RelayUsage
from transport.listener.server import Listener, ListenError
from transport.model.certificate import PresentedCertificate
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import SUBMISSION
from transport.model.orders import StandingOrders
from transport.model.snapshot import NodeSnapshot
from transport.pickup.pickup import Pickup
from transport.ports.node import ListenAddress, Peer, Ports
from transport.ports.spool import OutboxReader
from transport.pressure.monitor import PressureMonitor
from transport.protocol_log.files import Found
from transport.protocol_log.log import ProtocolLogs
from transport.queues.control import QueueControl
from transport.queues.holding import Holding
from transport.queues.intake import EngineIntake
from transport.queues.manager import DeliveryQueues
from transport.queues.order_book import OrderBook
from transport.queues.queue_set import Rerouted
from transport.rules import mail_flow_rules, open_relay
from transport.rules.ruleset import Ruleset, compile_ruleset
from transport.shadow.redundancy import Redundancy
from transport.spool.bodies import Piece
from transport.spool.sqlite_spool import SqliteSpool

HOUSEKEEPING_S = 1.0
RESOLVE_AGAIN_S = 15.0
CERTIFICATES_S = 30.0
"""How soon a renewed certificate is shown."""
SAVE_USAGE_S = 30.0
ROUTE_AGAIN_S = 5.0
STEP = 100
log = structlog.get_logger(__name__)


class ConfigurationRefused(Exception):
    """The node cannot run this configuration and keeps the one it has; ``str()`` says why."""


class TransportService:
    """The transport of one node. All methods are called on its event loop; ``outbox`` may be read from any thread.

    ``home`` is MAILCONSOLE_HOME: the spool lies in ``nodes/<node>``, the certificate in ``tls``; the Pickup directory
    beside the spool, unless it is given.
    """

    def __init__(
        self,
        *,
        node: str,
        home: Path,
        listen: Sequence[ListenAddress],
        document: MailFlow,
        revision: int,
        ports: Ports,
        pickup_folder: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.node = node
        self._home = home
        self._clock = clock
        self._started_at = clock()
        self._settings = document.organization
        self._ruleset: Ruleset = compile_ruleset(document, revision, node)
        self._hostname = document.organization.hostname or socket.getfqdn()
        self._spool = SqliteSpool(home / "nodes" / node, node=node, clock=clock)
        self._protocol = ProtocolLogs(home / "nodes" / node / "protocol", clock)
        self._protocol.apply(document.organization)
        resolver = ports.resolver or DnsResolver(own_names=(self._hostname,), is_own=self._is_own)
        self._dns = resolver.lookup if isinstance(resolver, DnsResolver) else None
        self._queues = DeliveryQueues(
            spool=self._spool,
            couriers=SmtpCouriers(
                resolver=resolver,
                secrets=ports.secrets,
                certificates=self._certificate_shown,
                dns=self._dns,
                protocol=self._protocol.send,
            ),
            submit_dsn=self._submit,
            document=document,
            hostname=self._hostname,
            clock=clock,
            reroute=self._reroute,
        )
        self._shadow = Redundancy(
            node=node,
            folder=home / "nodes" / node,
            port=ports.shadow,
            spool=self._spool,
            submit=self._submit,
            take_back=self._queues.take_back,
            clock=clock,
        )
        self._intake = EngineIntake(
            spool=self._spool, queues=self._queues, lookup=ports.recipients, ruleset=self._ruleset, clock=clock
        )
        self._control = QueueControl(
            self._queues,
            self._spool,
            clock,
            folder=home / "nodes" / node / "begun-orders",
            decided=self._intake.decided,
        )
        self._order_book = OrderBook(home / "nodes" / node / "orders.json")
        self._orders = StandingOrders()
        self._pressure = PressureMonitor(
            folder=home / "nodes" / node,
            settings=document.organization,
            queue_length=lambda: self._spool.count,
            record=self._spool.record,
            clock=clock,
        )
        self._open_relay: tuple[str, ...] = ()
        self._pickup = Pickup(
            folder=pickup_folder or home / "nodes" / node / "pickup",
            node=node,
            hostname=self._hostname,
            ruleset=self._ruleset,
            intake=self._intake,
            lookup=ports.recipients,
            record=self._spool.record,
            clock=clock,
        )
        self._listen = tuple(listen)
        self._ports = ports
        self._listener: Listener | None = None
        self._certificates: CertificateStore | None = None
        self._background: list[asyncio.Task[None]] = []

    def _submit(self, message: Message, events: Sequence[TrackingEvent]) -> asyncio.Future[None]:
        return self._intake.submit(message, events)

    def _is_own(self, address: str, port: int) -> bool:
        """Whether delivering there would come back to us."""
        return self._listener is not None and is_own(address, port, self._listener.listening)

    def _reroute(self, message: Message, recipients: Sequence[Recipient]) -> None:
        self._intake.decide_again(message, recipients)

    def _certificate_shown(self, name: str) -> ClientCertificate | None:
        """The certificate that a send connector shows; the node's own where it names none."""
        folder = self._home / "tls"
        if not name:
            return ClientCertificate(folder / own.CERTIFICATE_NAME, folder / own.KEY_NAME)
        found = self._certificates.called(name, now=self._clock()) if self._certificates is not None else None
        return ClientCertificate(found.chain, found.key) if found is not None else None

    async def start(self) -> None:
        """Recover the spool, then listen. Raises ListenError, SpoolUnavailable, OSError."""
        own.ensure_self_signed(self._home / "tls", hostname=self._hostname, now=datetime.datetime.now(datetime.UTC))
        given = Given(self._home / "nodes" / self.node / "certificates", self._ports.certificate_passwords)
        self._certificates = CertificateStore(
            self._home / "tls", hostname=self._hostname, given=given, clock=self._clock
        )
        kept = self._order_book.read()
        self._obey(kept or StandingOrders(), is_known=kept is not None)
        found = await self._spool.start()
        if self._spool.is_read:
            self._shadow.all_read()
        await self._shadow.start(self._settings)
        self._intake.commit = self._shadow.commit
        self._recover(found)
        if self._spool.is_read:
            await self._control.take_up()  # before what is ordered about has gone
        await self._look_at_resources()
        self._listener = Listener(
            addresses=self._listen,
            ruleset=self._ruleset,
            intake=self._intake,
            lookup=self._ports.recipients,
            authenticator=self._ports.authenticator,
            secrets=self._ports.secrets,
            certificates=self._certificates,
            hostname=self._hostname,
            clock=self._clock,
            spill_folder=self._home / "nodes" / self.node / "incoming",
            protocol=self._protocol.receive,
            dns=self._dns,
        )
        self._load_usage(self._listener.usage)
        await self._listener.start()
        self._test_for_open_relay()
        self._pickup.start()
        loop = asyncio.get_running_loop()
        self._background = [loop.create_task(self._keep_house()), loop.create_task(self._read_on())]
        log.info("service.started", node=self.node, revision=self._ruleset.revision)

    async def reload(self, *, document: MailFlow, revision: int) -> None:
        """Run ``document`` from now on; sessions in progress end under theirs. Raises ConfigurationRefused."""
        problems = validate.errors(validate.validate(document, now=datetime.datetime.now(datetime.UTC)))
        if problems:
            raise ConfigurationRefused("; ".join(problem.sentence for problem in problems[:3]))
        ruleset = compile_ruleset(document, revision, self.node)
        if ruleset.has_mail_flow_rules:
            await asyncio.to_thread(mail_flow_rules.rules_of, ruleset)  # thousands of patterns take their time
        if self._listener is not None:
            try:
                await self._listener.apply(ruleset)
            except ListenError as error:
                raise ConfigurationRefused(str(error)) from error
        try:
            await self._shadow.apply(document.organization)
        except OSError as error:
            raise ConfigurationRefused(f"no peer can reach this node: {error}") from error
        self._intake.commit = self._shadow.commit
        self._ruleset = self._pickup.ruleset = ruleset
        self._pressure.settings = document.organization
        self._protocol.apply(document.organization)
        self._intake.apply(ruleset)
        routing = asyncio.get_running_loop().create_task(self._route_again(self._queues.apply(document)))
        self._background.append(routing)
        await asyncio.wait({routing}, timeout=ROUTE_AGAIN_S)  # of a long queue it goes on beside the mail
        self._test_for_open_relay()
        log.info("service.reloaded", node=self.node, revision=revision)

    async def drain(self, *, timeout_s: float) -> None:
        """Take no more mail, let transactions and deliveries in progress end, write everything, close."""
        self._intake.why_not_accepting = "the node is stopping"
        for task in self._background:
            task.cancel()
        await self._pickup.stop()
        if self._listener is not None:
            await self._listener.drain(timeout_s / 2)
            await self._save_usage()
        self._intake.stop()
        await self._control.drain(timeout_s / 2)
        await self._queues.drain(timeout_s / 2)
        await self._shadow.stop()
        await self._spool.stop()
        self._protocol.close()
        log.info("service.stopped", node=self.node)

    def _test_for_open_relay(self) -> None:
        """Ask the rules that now run whether a stranger may relay, and tell what is new."""
        found = open_relay.find_openings(self._ruleset.document, own_peers=gateways(), now=self._clock())
        sentences = tuple(opening.sentence for opening in found if not opening.is_meant)
        new = [sentence for sentence in sentences if sentence not in self._open_relay]
        self._open_relay = sentences
        for sentence in new:
            log.warning("service.open_relay", node=self.node, reason=sentence)
        if new:
            now, detail = self._clock(), {"level": "High"}
            self._spool.record([TrackingEvent(EventId.OPEN_RELAY, now, reason=one, detail=detail) for one in new])

    @property
    def _usage_path(self) -> Path:
        return self._home / "nodes" / self.node / "relay-usage.json"

    def _load_usage(self, usage: RelayUsage) -> None:
        try:
            usage.load(self._usage_path)
        except FileNotFoundError:
            return
        except (OSError, ValueError, TypeError) as error:
            log.warning("service.relay_usage_unreadable", node=self.node, reason=str(error))

    async def _save_usage(self) -> None:
        """What clients sent under relay policies with a rate; without room on the disk mail waits anyway."""
        if self._listener is None or not self._listener.usage.is_changed:
            return
        text = self._listener.usage.snapshot(self._clock())
        try:
            await asyncio.get_running_loop().run_in_executor(None, relay_usage.write, self._usage_path, text)
        except OSError as error:
            log.warning("service.relay_usage_not_kept", node=self.node, reason=str(error))

    @property
    def revision(self) -> int:
        """The number of the configuration that runs."""
        return self._ruleset.revision

    @property
    def outbox(self) -> OutboxReader:
        return self._spool.outbox

    @property
    def shadow_address(self) -> str:
        """Where peers reach this node to have copies kept; empty while that is off."""
        return self._shadow.address

    async def know_peers(self, peers: Sequence[Peer]) -> None:
        """These are the organisation's nodes now, this one included."""
        await self._shadow.know(peers)

    def retry_queue(self, key: str) -> int:
        """Try everything in the queue now; returns the number of messages."""
        return self._queues.retry(key)

    @property
    def control(self) -> QueueControl:
        """What operators see of queued messages and do with them."""
        return self._control

    async def read_piece(self, message_id: int, offset: int, length: int) -> Piece:
        """Some octets of a stored message. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        return await self._spool.read_piece(message_id, offset, length)

    async def find_protocol(self, needle: str, *, since: float, until: float) -> Found:
        """What the protocol logs hold of the sessions that a session or queue id stands for. Raises OSError,
        SearchBusy."""
        return await self._protocol.find(needle, since=since, until=until)

    def look_at_certificates(self) -> None:
        """Certificates may have come or gone: show what is there for handshakes from now on."""
        if self._certificates is not None:
            self._certificates.refresh()

    def read_envelope(self, message_id: int) -> Message:
        """A stored message without its body. Raises MessageDamaged, KeyError; may wait for the disk."""
        return self._spool.read_message(message_id)

    async def submit_own(self, content: bytes) -> str:
        """Commit a mail of the console's own, and return its queue id. Raises ValueError, SpoolUnavailable."""
        return await self._pickup.submit_own(content)

    async def obey(self, orders: StandingOrders) -> None:
        """Suspend queues and hold mail as ``orders`` say, from now on and over restarts. Raises OSError when they
        cannot be written down: they are obeyed all the same."""
        self._obey(orders, is_known=True)
        await self._control.release_lifted()
        await asyncio.get_running_loop().run_in_executor(None, self._order_book.write, orders)

    def _obey(self, orders: StandingOrders, *, is_known: bool) -> None:
        self._orders = orders.in_force(self._clock())
        self._intake.holding = Holding(self._orders.holds)
        self._queues.obey(self._orders, is_known=is_known)

    async def _end_holds(self) -> None:
        """Rules that are over by now hold nothing any more."""
        if any(rule.is_over(self._clock()) for rule in self._orders.holds):
            self._obey(self._orders, is_known=True)
            await self._control.release_lifted()

    def snapshot(self) -> NodeSnapshot:
        """What the node shows of itself now, from memory."""
        now = self._clock()
        listener, counters = self._listener, self._queues.counters
        return NodeSnapshot(
            node=self.node,
            at=now,
            started_at=self._started_at,
            revision=self._ruleset.revision,
            is_accepting=listener is not None and not self._intake.why_not_accepting,
            why_not_accepting=self._intake.why_not_accepting,
            sessions=listener.sessions if listener else 0,
            messages=self._spool.count,
            accepted_total=listener.counters.accepted if listener else 0,
            refused_total=listener.counters.refused if listener else 0,
            delivered_total=counters.delivered,
            deferred_total=counters.deferred,
            failed_total=counters.failed,
            listening=listener.listening if listener else (),
            queues=self._queues.snapshot(now),
            resources=self._pressure.states,
            why_not_from_outside=self._intake.why_not_from_outside,
            open_relay=self._open_relay,
            dsn_pending=self._queues.dsn_pending,
            dsn_suppressed_total=self._queues.dsn_suppressed,
            limits=listener.counters.limits.all if listener else (),
            certificates=self._presented(now),
            shadow=self._shadow.snapshot(),
        )

    async def _read_on(self) -> None:
        """Queue what a long spool still holds, beside new mail."""
        async for messages in self._spool.more():
            for first in range(0, len(messages), STEP):
                self._recover(messages[first : first + STEP])
                await asyncio.sleep(0)
            # What waits is no garbage: a collector that looked at a million messages would stop the loop for a second.
            gc.freeze()
        self._shadow.all_read()
        await self._control.take_up()

    def _recover(self, messages: Sequence[Message]) -> None:
        """Queue what was found in the spool, but for what a peer delivered while we were away."""
        for message in messages:
            if self._spool.holds(message.id) and not self._shadow.is_redirected(message.id):
                self._intake.recover(message)

    async def _route_again(self, leaving: Rerouted) -> None:
        for number, (message, recipients) in enumerate(leaving, start=1):
            self._intake.decide_again(message, recipients)
            if number % STEP == 0:
                await asyncio.sleep(0)

    def _presented(self, now: float) -> tuple[PresentedCertificate, ...]:
        store = self._certificates
        if store is None:
            return ()
        return tuple(
            store.presented(connector, now=now)
            for connector in self._ruleset.document.receive_connectors
            if connector.is_enabled and connector.tls_mode is not TlsMode.NONE
        )

    async def _keep_house(self) -> None:
        """Watch the resources; ask the directory again for what waits in the Submission queue."""
        asked_at = saved_at = looked_at = self._clock()
        while True:
            await asyncio.sleep(HOUSEKEEPING_S)
            await self._look_at_resources()
            if self._clock() - looked_at >= CERTIFICATES_S and self._certificates is not None:
                looked_at = self._clock()
                self._certificates.refresh()
            if self._clock() - saved_at >= SAVE_USAGE_S:
                saved_at = self._clock()
                await self._save_usage()
            await self._end_holds()
            self._shadow.look()
            if self._clock() - asked_at >= RESOLVE_AGAIN_S:
                asked_at = self._clock()
                await self._route_again(self._queues.take(SUBMISSION))

    async def _look_at_resources(self) -> None:
        await self._pressure.look()
        self._intake.why_not_accepting = self._pressure.why_not_accepting or self._spool.problem
        if self._spool.problem:
            self._spool.probe()
        self._intake.why_not_from_outside = self._pressure.why_not_from_outside
