"""Watches the head revision, has the node run it, and says what the node runs. Published is not running."""

from __future__ import annotations

import os
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog
from pydantic import ValidationError

from mailconsole import __version__
from mailconsole.nodes.drift import report_drift
from mailconsole.nodes.models import ActivationState
from mailconsole.nodes.services import register_heartbeat, report_activation, shadow_nodes
from mailconsole.runtime.revisions import head_number, load_document, why_unreadable
from mailconsole.runtime.ticker import Ticker
from mailconsole.runtime.wiring import Running, keep_last_good
from transport.config.document import digest
from transport.ports.node import Peer
from transport.service.engine import ConfigurationRefused

if TYPE_CHECKING:
    from mailconsole.runtime.host import TransportHost

HEARTBEAT_EVERY_S = 3.0
TRY_REFUSED_AGAIN_S = 30.0
LOOK_EVERY_TICKS = 3
"""Secrets and certificates change seldom, and what a revision names is there before it runs."""

log = structlog.get_logger(__name__)


class ConfigWatch(Ticker):
    """Ticks each second and at each hint."""

    name = "configuration"
    every_s = 1.0
    keeps_connection = True

    def __init__(self, host: TransportHost) -> None:
        super().__init__()
        self._host = host
        self._kept: Running | None = None
        self._reported: Running | None = None
        self._digest = ""
        self._told: Running | None = None
        self._refused: tuple[int, float] = (0, 0.0)
        self._heartbeat_at = 0.0
        self._ticks = 0

    def tick(self) -> bool:
        self._keep()
        number = head_number()
        if number and self._is_to_activate(number) and not self._was_refused(number):
            self._activate(number)
            self._keep()
        if self.is_hurried or self._ticks % LOOK_EVERY_TICKS == 0:
            self._host.keep_secrets()
            self._host.keep_certificates()
        self._ticks += 1
        self._report()
        if time.monotonic() - self._heartbeat_at >= HEARTBEAT_EVERY_S:
            self._beat()
        return False

    def _is_to_activate(self, number: int) -> bool:
        """Whether something else runs: another number, or another document under its number."""
        running = self._host.running
        return number != running.number or (running.is_unproved and self._is_altered(running))

    def _is_altered(self, running: Running) -> bool:
        """Whether the file that the node started with, while the database was away, is not what was published."""
        if load_document(running.number) == running.document:
            self._host.running = replace(running, is_unproved=False)
            return False
        if running is not self._told:
            self._told = running
            self._beat()  # first it is shown, then mended
            report_drift(node=self._host.node, revision=running.number, digest=self._digest)
        return True

    def _was_refused(self, number: int) -> bool:
        refused, at = self._refused
        return number == refused and time.monotonic() - at < TRY_REFUSED_AGAIN_S

    def _activate(self, number: int) -> None:
        """Have the node run the revision, or keep the one it has and say why."""
        try:
            document = load_document(number)
            self._host.keep_secrets(document)  # before it runs, so that no connector and no account lacks its own
            self._host.reload(Running(number, document))
        except (ConfigurationRefused, ValidationError) as refusal:
            self._refused = (number, time.monotonic())
            why = why_unreadable(refusal) if isinstance(refusal, ValidationError) else str(refusal)
            log.error("configuration.refused", node=self._host.node, revision=number, reason=why[:500])
            report_activation(node=self._host.node, revision=number, state=ActivationState.REFUSED, error=why[:2000])

    def _keep(self) -> None:
        """What runs is on disk before anybody is told that it runs."""
        running = self._host.running
        if running is not self._kept:
            keep_last_good(self._host.node, running)
            self._digest = digest(running.document)
            self._kept = running

    def _report(self) -> None:
        running = self._host.running
        if running.number and running is not self._reported:
            report_activation(node=self._host.node, revision=running.number, state=ActivationState.ACTIVE)
            self._reported = running
            self._heartbeat_at = 0.0

    def _beat(self) -> None:
        shown, address = self._host.call(lambda service: (service.snapshot(), service.shadow_address))
        register_heartbeat(
            node=self._host.node,
            worker=self._host.worker,
            pid=os.getpid(),
            host=socket.gethostname(),
            started_at=datetime.fromtimestamp(shown.started_at, UTC),
            revision=shown.revision or None,
            digest=self._digest if shown.revision else "",
            listening=shown.listening,
            is_accepting=shown.is_accepting,
            why_not=shown.why_not_accepting,
            version=__version__,
            shadow_address=address,
        )
        if shown.shadow is not None:
            self._host.know_peers([Peer(node.name, node.host, node.shadow_address) for node in shadow_nodes()])
        self._heartbeat_at = time.monotonic()
