"""Second copies as one part of a node: what is kept for others, who keeps ours; switched on by the configuration."""

from __future__ import annotations

import asyncio
import contextlib
import time
from asyncio import Future
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from transport.config.objects import Organization
from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.model.snapshot import ShadowPeer, ShadowSnapshot
from transport.ports.node import Peer, ShadowPort
from transport.shadow import peers as peer_list
from transport.shadow.copier import Copier
from transport.shadow.keeper import Keeper, Submit
from transport.shadow.link import Link
from transport.shadow.server import ShadowServer
from transport.spool.sqlite_spool import SqliteSpool

ASK_PEERS_S = 5.0
log = structlog.get_logger(__name__)


class Redundancy:
    """All methods run on the engine's loop. Off, it listens to nobody and does nothing but deliver what is overdue."""

    def __init__(
        self,
        *,
        node: str,
        folder: Path,
        port: ShadowPort,
        spool: SqliteSpool,
        submit: Submit,
        take_back: Callable[[set[int]], Awaitable[set[int]]],
        clock: Callable[[], float],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._node = node
        self._folder = folder
        self._port = port
        self._spool = spool
        self._settings = Organization()
        self._peers = peer_list.read(folder / "peers.json")
        self._keeper = Keeper(folder / "shadow", submit=submit, own=spool, clock=clock, monotonic=monotonic)
        self._server = ShadowServer(port, self._keeper, monotonic=monotonic)
        self._copier = Copier(spool, clock, take_back)
        self._links: dict[Peer, Link] = {}
        self._is_on = self._is_looking = False

    async def start(self, settings: Organization) -> None:
        """Find what is kept for others; where it is on, ask the peers what they did in our place (bounded).

        Raises SpoolUnavailable, OSError.
        """
        if (self._folder / "shadow").exists():
            await self._keeper.start()
        await self.apply(settings)
        if self._links:
            tried = asyncio.gather(*(link.was_tried.wait() for link in self._links.values()))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(tried, ASK_PEERS_S)

    @property
    def is_on(self) -> bool:
        return self._is_on

    @property
    def commit(self) -> Callable[[Message, Sequence[TrackingEvent]], Future[None]]:
        """How accepted mail is stored now: off, it is the spool's own."""
        return self._copier.commit if self._is_on else self._spool.commit

    def all_read(self) -> None:
        """All that was in the spool at start is known now."""
        self._copier.is_read.set()

    def is_redirected(self, message_id: int) -> bool:
        """Whether a peer delivered it in our place: it is not to be queued."""
        return message_id in self._copier.redirected

    async def apply(self, settings: Organization) -> None:
        """Work under ``settings`` from now on. Raises OSError."""
        self._settings = settings
        wanted = settings.is_shadow_redundancy_enabled and bool(self._port.keys)
        if wanted and not self._is_on:
            await self._switch_on()
        elif self._is_on and not wanted:
            await self._switch_off()
        self._copier.is_required = settings.is_message_rejected_on_shadow_failure
        self._server.silence_s = 3.0 * settings.shadow_heartbeat_frequency + 10
        await self._connect()

    async def _switch_on(self) -> None:
        await self._server.start(last_port=self._last_port())
        with contextlib.suppress(OSError):
            self._port_file.write_text(str(self._server.port))
        self._spool.tell(self._copier)
        self._is_on = True
        log.info("shadow.on", port=self._server.port)

    async def _switch_off(self) -> None:
        self._is_on = False
        self._spool.tell(None)
        await self._server.stop()
        self._keeper.drop(silence_s=2.0 * self._settings.shadow_heartbeat_frequency)
        log.info("shadow.off")

    @property
    def _port_file(self) -> Path:
        return self._folder / "shadow.port"

    def _last_port(self) -> int:
        """Peers that cannot ask the console look where we were."""
        try:
            return int(self._port_file.read_text())
        except (OSError, ValueError):
            return 0

    @property
    def address(self) -> str:
        """Where peers reach this node; empty while it is off."""
        if not self._is_on:
            return ""
        return f"{self._port.name or self._port.listen.host}:{self._server.port}"

    async def know(self, peers: Sequence[Peer]) -> None:
        """These are the other nodes now; kept for a start at which nobody can tell."""
        if tuple(peers) == self._peers:
            return
        self._peers = tuple(peers)
        with contextlib.suppress(OSError):
            peer_list.keep(self._folder / "peers.json", self._peers)
        await self._connect()

    async def _connect(self) -> None:
        """A link to each peer that may keep copies, and none to others."""
        settings = self._settings
        wanted = (
            peer_list.in_order(
                self._peers,
                node=self._node,
                host=self._port.host,
                preference=settings.shadow_message_preference,
            )
            if self._is_on
            else []
        )
        for peer in set(self._links) - set(wanted):
            await self._links.pop(peer).stop()
        for peer in wanted:
            if peer not in self._links:
                self._links[peer] = self._link(peer)
            self._links[peer].heartbeat_s = settings.shadow_heartbeat_frequency
        self._copier.links = [self._links[peer] for peer in wanted]

    def _link(self, peer: Peer) -> Link:
        hello = {"node": self._node, "spool": self._spool.identity}
        return Link(
            peer,
            self._port.keys[0],
            hello=hello,
            greeted=self._copier.greeted,
            heartbeat_s=self._settings.shadow_heartbeat_frequency,
        )

    def look(self) -> None:
        """Deliver what a lost node no longer can; called each second, does its work beside."""
        if not self._is_looking and (self._is_on or self._keeper.held):
            self._is_looking = True
            task = asyncio.get_running_loop().create_task(
                self._keeper.look(
                    is_on=self._is_on,
                    silence_s=self._settings.shadow_resubmit_time_span,
                    forget_s=self._settings.shadow_message_auto_discard_interval,
                )
            )
            task.add_done_callback(self._looked)

    def _looked(self, task: asyncio.Task[None]) -> None:
        self._is_looking = False
        if not task.cancelled() and task.exception() is not None:
            log.error("shadow.look_failed", reason=repr(task.exception()))

    async def stop(self) -> None:
        """Say what ended, close everything."""
        self._is_on = False
        self._spool.tell(None)
        for link in self._links.values():
            await link.stop()
        self._links.clear()
        self._copier.links = []
        await self._server.stop()
        await self._keeper.stop()

    def snapshot(self) -> ShadowSnapshot | None:
        """What people see of it; None while it is off and nothing is kept."""
        if not self._is_on and not self._keeper.held:
            return None
        copier = self._copier
        live = [link for link in copier.links if link.is_live]
        return ShadowSnapshot(
            is_required=copier.is_required,
            peers=tuple(ShadowPeer(link.peer.node, link.is_live, link.why_not) for link in copier.links),
            copied=copier.copied,
            held=self._keeper.held,
            unprotected_total=copier.unprotected_total,
            redirected_total=self._keeper.redirected_total,
            duplicates_total=copier.duplicates_total,
            why_unprotected="" if live or not self._is_on else _why(copier.links),
        )


def _why(links: Sequence[Link]) -> str:
    if not links:
        return "No other node may keep copies: there is none, or none where the organisation's settings allow it."
    return "No other node keeps copies now: " + "; ".join(f"{one.peer.node}: {one.why_not}" for one in links) + "."
