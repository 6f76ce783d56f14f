"""The thread that hosts a TransportService on an event loop of its own, and the threads that report for it."""

from __future__ import annotations

import asyncio
import gc
import resource
import threading
from collections.abc import Callable, Coroutine, Sequence
from typing import IO, Any, TypeVar

import structlog
import uvloop
from django.db import DatabaseError, InterfaceError

from mailconsole.runtime import wiring
from mailconsole.runtime.config_watch import ConfigWatch
from mailconsole.runtime.directory_watch import DirectoryWatch
from mailconsole.runtime.kept_certificates import KeptCertificates
from mailconsole.runtime.kept_secrets import KeptSecrets, named_by
from mailconsole.runtime.order_watch import OrderWatch
from mailconsole.runtime.shipper import Shipper
from mailconsole.runtime.sign_in.directory_users import DirectoryUsers
from mailconsole.runtime.sign_in.kept_directories import KeptDirectories
from mailconsole.runtime.snapshot_publisher import SnapshotPublisher
from mailconsole.runtime.ticker import Ticker
from mailconsole.runtime.wiring import Running
from transport.config.document import MailFlow, initial_document
from transport.ports.node import Peer
from transport.service.engine import TransportService

DRAIN_S = 8.0
MAX_DESCRIPTORS = 65536
GC_THRESHOLD = 20_000  # containers made beyond those that went; CPython's default is 700
CALL_TIMEOUT_S = 20.0
T = TypeVar("T")
log = structlog.get_logger(__name__)


class TransportHost:
    """One node in this process. `call` and `run` bring work to its loop from any other thread."""

    def __init__(self, *, node: str, worker: str) -> None:
        self.node = node
        self.worker = worker
        self._loop = uvloop.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name=f"transport {node}", daemon=True)
        self._reporters: list[Ticker] = []
        self._orders: OrderWatch | None = None
        self._claim: IO[str] | None = None
        self.service: TransportService | None = None
        self.running = Running(0, initial_document())
        self.secrets: KeptSecrets
        self.certificates: KeptCertificates
        self.directories: KeptDirectories
        self.users: DirectoryUsers | None = None

    def start(self) -> None:
        """Build the service and start it. Raises what keeps it from listening; then nothing runs."""
        allow_many_connections()
        spare_the_collector()
        self._thread.start()
        try:
            self._claim = wiring.claim_node(self.node)
            self.running = wiring.load_configuration(self.node)
            self.secrets, self.directories = KeptSecrets.of(self.node), KeptDirectories.of(self.node)
            self.certificates = KeptCertificates.of(self.node)
            self.keep_secrets()
            self.keep_certificates()
            self.users = wiring.directory_users(self.directories, self.secrets)
            self.service = wiring.build_service(self.node, self.running, self.secrets, self.users)
            self.run(self.service.start(), timeout_s=300)
        except BaseException as error:
            log.error("node.not_started", node=self.node, reason=str(error))
            self._end_loop()
            raise
        self._orders = OrderWatch(self)
        shipper = Shipper(self.node, self.service.outbox)
        self._reporters = [ConfigWatch(self), SnapshotPublisher(self), shipper, self._orders, DirectoryWatch()]
        for reporter in self._reporters:
            reporter.start()

    def stop(self) -> None:
        """Drain: no new mail, transactions in progress end, all is written."""
        if self.service is not None:
            try:
                self.run(self.service.drain(timeout_s=DRAIN_S), timeout_s=2 * DRAIN_S)
            except TimeoutError:
                log.warning("node.drain_timed_out", node=self.node)
        for reporter in self._reporters:
            reporter.stop()
        if self.users is not None:
            self.users.close()
        self._end_loop()

    def keep_secrets(self, *coming: MailFlow) -> None:
        """Have what the running document and a coming one name on this node's disk, and which directories know users;
        while the console's database is away, what was there before."""
        try:
            self.directories.refresh()
            names = self.directories.secret_names.union(*map(named_by, (self.running.document, *coming)))
            if self.secrets.refresh(names):
                log.info("secrets.kept", node=self.node)
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("secrets.not_kept", node=self.node, reason=str(error)[:200])

    def keep_certificates(self) -> None:
        """Have the console's certificates on this node's disk, and show them; while its database is away, those that
        were there before."""
        try:
            if self.certificates.refresh() and self.service is not None:
                self.call(lambda service: service.look_at_certificates())
        except (DatabaseError, InterfaceError, OSError) as error:
            log.warning("certificates.not_kept", node=self.node, reason=str(error)[:200])

    def reload(self, running: Running) -> None:
        """Run another revision from now on. Raises ConfigurationRefused, TimeoutError; then the old one runs."""
        self.run(self.need().reload(document=running.document, revision=running.number))
        self.running = running

    def know_peers(self, peers: Sequence[Peer]) -> None:
        """Other nodes may keep copies of this one's mail."""
        if self.service is not None:
            self.run(self.service.know_peers(peers))

    def configuration_changed(self) -> None:
        """A hint that a new revision may be there."""
        for reporter in self._reporters:
            if isinstance(reporter, ConfigWatch):
                reporter.hurry()

    def orders_changed(self) -> str:
        """A hint that standing orders have changed; returns why they are not obeyed yet, or nothing."""
        return self._orders.look_now() if self._orders is not None else "the node has not started"

    def need(self) -> TransportService:
        """The service. Raises RuntimeError."""
        if self.service is None:
            raise RuntimeError("the node has not started")
        return self.service

    def run(self, coroutine: Coroutine[Any, Any, T], *, timeout_s: float = CALL_TIMEOUT_S) -> T:
        """Run a coroutine on the loop and wait for its result. Raises TimeoutError and what it raises."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=timeout_s)

    def call(self, function: Callable[[TransportService], T]) -> T:
        """Call `function` with the service on the loop and wait for its result."""
        service = self.need()

        async def on_loop() -> T:
            return function(service)

        return self.run(on_loop())

    def _end_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        if self._claim is not None:
            self._claim.close()


def allow_many_connections() -> None:
    """Take all the file descriptors this user may have: a connector serves 5,000 connections by default."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
    if soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def spare_the_collector() -> None:
    """Let the garbage collector pass over what the process is made of, and come seldom: mail makes few cycles."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 50)
