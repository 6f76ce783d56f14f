"""TransportService, one node's engine: starts, reloads and drains its parts; decides nothing itself."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from transport.certificates import own
from transport.certificates.folder import Given
from transport.certificates.store import CertificateStore
from transport.config import validate
from transport.config.document import MailFlow
from transport.listener.server import Listener, ListenError
from transport.model.envelope import Message
from transport.model.orders import StandingOrders
from transport.model.snapshot import NodeSnapshot
from transport.ports.node import ListenAddress, Peer, Ports
from transport.ports.spool import OutboxReader
from transport.protocol_log.files import Found
from transport.queues.control import QueueControl
from transport.rules import mail_flow_rules
from transport.rules.ruleset import Ruleset, compile_ruleset
from transport.service import requeuing
from transport.service.obedience import Obedience
from transport.service.open_relay_watch import OpenRelayWatch
from transport.service.overview import overview
from transport.service.parts import Parts
from transport.service.upkeep import Upkeep
from transport.service.usage_file import UsageFile
from transport.spool.bodies import Piece

ROUTE_AGAIN_S = 5.0
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
        self._started_at = clock()
        self._listen = tuple(listen)
        self._parts = Parts(
            node=node,
            home=home,
            document=document,
            revision=revision,
            ports=ports,
            pickup_folder=pickup_folder,
            clock=clock,
        )
        self._obedience = Obedience(self._parts)
        self._usage_file = UsageFile(self._parts.folder, node=node, clock=clock)
        self._upkeep = Upkeep(self._parts, self._obedience, self._usage_file)
        self._open_relay = OpenRelayWatch(node=node, record=self._parts.spool.record, clock=clock)
        self._background: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Recover the spool, then listen. Raises ListenError, SpoolUnavailable, OSError."""
        parts = self._parts
        own.ensure_self_signed(parts.tls_folder, hostname=parts.hostname, now=datetime.datetime.now(datetime.UTC))
        given = Given(parts.folder / "certificates", parts.ports.certificate_passwords)
        parts.certificates = CertificateStore(parts.tls_folder, hostname=parts.hostname, given=given, clock=parts.clock)
        self._obedience.take_up()
        await self._start_spool()
        await self._upkeep.look_at_resources()
        parts.listener = self._new_listener(parts.certificates)
        self._usage_file.load(parts.listener.usage)
        await parts.listener.start()
        self._open_relay.look(parts.ruleset)
        parts.pickup.start()
        loop = asyncio.get_running_loop()
        self._background = [loop.create_task(self._upkeep.run()), loop.create_task(requeuing.read_on(parts))]
        log.info("service.started", node=self.node, revision=self.revision)

    async def _start_spool(self) -> None:
        parts = self._parts
        found = await parts.spool.start()
        if parts.spool.is_read:
            parts.shadow.all_read()
        await parts.shadow.start(parts.ruleset.document.organization)
        parts.intake.commit = parts.shadow.commit
        requeuing.recover(parts, found)
        if parts.spool.is_read:
            await parts.control.take_up()  # before what is ordered about has gone

    def _new_listener(self, certificates: CertificateStore) -> Listener:
        parts = self._parts
        return Listener(
            addresses=self._listen,
            ruleset=parts.ruleset,
            intake=parts.intake,
            lookup=parts.ports.recipients,
            authenticator=parts.ports.authenticator,
            secrets=parts.ports.secrets,
            certificates=certificates,
            hostname=parts.hostname,
            clock=parts.clock,
            spill_folder=parts.folder / "incoming",
            protocol=parts.protocol.receive,
            dns=parts.dns,
        )

    async def reload(self, *, document: MailFlow, revision: int) -> None:
        """Run ``document`` from now on; sessions in progress end under theirs. Raises ConfigurationRefused."""
        problems = validate.errors(validate.validate(document, now=datetime.datetime.now(datetime.UTC)))
        if problems:
            raise ConfigurationRefused("; ".join(problem.sentence for problem in problems[:3]))
        ruleset = compile_ruleset(document, revision, self.node)
        if ruleset.has_mail_flow_rules:
            await asyncio.to_thread(mail_flow_rules.rules_of, ruleset)  # thousands of patterns take their time
        await self._open_doors(ruleset)
        parts = self._parts
        parts.intake.commit = parts.shadow.commit
        parts.ruleset = parts.pickup.ruleset = ruleset
        parts.pressure.settings = document.organization
        parts.protocol.apply(document.organization)
        parts.intake.apply(ruleset)
        leaving = parts.queues.apply(document)
        routing = asyncio.get_running_loop().create_task(requeuing.route_again(parts, leaving))
        self._background.append(routing)
        await asyncio.wait({routing}, timeout=ROUTE_AGAIN_S)  # of a long queue it goes on beside the mail
        self._open_relay.look(ruleset)
        log.info("service.reloaded", node=self.node, revision=revision)

    async def _open_doors(self, ruleset: Ruleset) -> None:
        """What may fail of a new configuration comes first: then nothing else of it is in force."""
        try:
            if self._parts.listener is not None:
                await self._parts.listener.apply(ruleset)
        except ListenError as error:
            raise ConfigurationRefused(str(error)) from error
        try:
            await self._parts.shadow.apply(ruleset.document.organization)
        except OSError as error:
            raise ConfigurationRefused(f"no peer can reach this node: {error}") from error

    async def drain(self, *, timeout_s: float) -> None:
        """Take no more mail, let transactions and deliveries in progress end, write everything, close."""
        parts = self._parts
        parts.intake.why_not_accepting = "the node is stopping"
        for task in self._background:
            task.cancel()
        await parts.pickup.stop()
        if parts.listener is not None:
            await parts.listener.drain(timeout_s / 2)
            await self._usage_file.save(parts.listener.usage)
        parts.idle.stop()
        parts.intake.stop()
        await parts.control.drain(timeout_s / 2)
        await parts.queues.drain(timeout_s / 2)
        await parts.shadow.stop()
        await parts.spool.stop()
        parts.protocol.close()
        log.info("service.stopped", node=self.node)

    # What the node's host asks of it.

    @property
    def revision(self) -> int:
        """The number of the configuration that runs."""
        return self._parts.ruleset.revision

    @property
    def outbox(self) -> OutboxReader:
        return self._parts.spool.outbox

    @property
    def shadow_address(self) -> str:
        """Where peers reach this node to have copies kept; empty while that is off."""
        return self._parts.shadow.address

    @property
    def control(self) -> QueueControl:
        """What operators see of queued messages and do with them."""
        return self._parts.control

    def snapshot(self) -> NodeSnapshot:
        """What the node shows of itself now, from memory."""
        return overview(self._parts, started_at=self._started_at, open_relay=self._open_relay.sentences)

    async def know_peers(self, peers: Sequence[Peer]) -> None:
        """These are the organisation's nodes now, this one included."""
        await self._parts.shadow.know(peers)

    async def obey(self, orders: StandingOrders) -> None:
        """Suspend queues and hold mail as ``orders`` say, from now on and over restarts. Raises OSError when they
        cannot be written down: they are obeyed all the same."""
        await self._obedience.obey(orders)

    def retry_queue(self, key: str) -> int:
        """Try everything in the queue now; returns the number of messages."""
        return self._parts.queues.retry(key)

    def look_at_certificates(self) -> None:
        """Certificates may have come or gone: show what is there for handshakes from now on."""
        if self._parts.certificates is not None:
            self._parts.certificates.refresh()

    async def read_piece(self, message_id: int, offset: int, length: int) -> Piece:
        """Some octets of a stored message. Raises SpoolUnavailable, MessageDamaged, KeyError."""
        return await self._parts.spool.read_piece(message_id, offset, length)

    def read_envelope(self, message_id: int) -> Message:
        """A stored message without its body. Raises MessageDamaged, KeyError; may wait for the disk."""
        return self._parts.spool.read_message(message_id)

    async def find_protocol(self, needle: str, *, since: float, until: float) -> Found:
        """What the protocol logs hold of the sessions that a session or queue id stands for. Raises OSError,
        SearchBusy."""
        return await self._parts.protocol.find(needle, since=since, until=until)

    async def submit_own(self, content: bytes) -> str:
        """Commit a mail of the console's own, and return its queue id. Raises ValueError, SpoolUnavailable."""
        return await self._parts.pickup.submit_own(content)
