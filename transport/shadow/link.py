"""This node's connection to one peer: sends copies in groups, one round trip for all that gathered meanwhile."""

from __future__ import annotations

import asyncio
from asyncio import Future
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import structlog

from transport.ports.node import Peer
from transport.shadow.channel import Channel

ANSWER_S = 10.0
CONNECT_S = 3.0
CONNECT_AGAIN_S = 2.0
LOOK_S = 1.0
SETTLE_S = 0.5
"""How long what came to its end waits for company: nobody waits for that."""
GROUP_BYTES = 8 * 1024 * 1024
ENDED = (ConnectionError, EOFError, OSError, TimeoutError, ValueError, KeyError, TypeError)
log = structlog.get_logger(__name__)


class NotKept(Exception):
    """The peer did not keep the copy; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Copy:
    """A message as the peer stores it; ``pending`` has a bit for each recipient to be delivered to."""

    message_id: int
    pending: int
    envelope: str
    body: bytes


class Link:
    """``hello`` says who we are; ``greeted`` is called with what the peer kept for us."""

    def __init__(
        self,
        peer: Peer,
        key: bytes,
        *,
        hello: dict[str, Any],
        greeted: Callable[[Link, dict[str, list[int]]], None],
        heartbeat_s: float,
    ) -> None:
        self.peer = peer
        self.is_live = False
        self.why_not = "not connected yet"
        self.was_tried = asyncio.Event()
        self.heartbeat_s = heartbeat_s
        self._key = key
        self._hello = hello
        self._greeted = greeted
        self._copies: list[tuple[Copy, Future[None]]] = []
        self._settled: list[tuple[int, int]] = []
        self._known: list[int] = []
        self._wake = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._task = asyncio.get_running_loop().create_task(self._run())

    def copy(self, copy: Copy) -> Future[None]:
        """Done when the peer has it on disk; fails with NotKept."""
        future: Future[None] = asyncio.get_running_loop().create_future()
        if self.is_live:
            self._copies.append((copy, future))
            self._wake.set()
        else:
            future.set_exception(NotKept(self.why_not))
        return future

    def settle(self, message_id: int, index: int = -1) -> None:
        """A recipient, or the whole message, needs nothing more. Lost with the connection: greeting mends that."""
        if self.is_live:
            self._settled.append((message_id, index))
            if self._timer is None:
                self._timer = asyncio.get_running_loop().call_later(SETTLE_S, self._wake.set)

    def acknowledge(self, message_ids: list[int]) -> None:
        """We know that the peer delivered these."""
        self._known += message_ids
        self._wake.set()

    async def stop(self) -> None:
        """Say what is left to be said, then close."""
        if self.is_live and self._settled:
            self._wake.set()
            await asyncio.sleep(0.05)
        self._task.cancel()
        await asyncio.wait([self._task])

    async def _run(self) -> None:
        while True:
            channel: Channel | None = None
            try:
                channel = await self._connect()
                await self._serve(channel)
            except ENDED as error:
                self._ended(f"{error}" or type(error).__name__)
            except asyncio.CancelledError:
                self._ended("the node is stopping")
                raise
            finally:
                if channel is not None:
                    channel.close()
            await asyncio.sleep(CONNECT_AGAIN_S)

    async def _connect(self) -> Channel:
        host, _, port = self.peer.address.rpartition(":")
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
        channel = Channel(reader, writer)
        try:
            await channel.greet(self._key)
            await channel.send(self._hello)
            async with asyncio.timeout(ANSWER_S):
                kept = (await channel.receive()).said
        except BaseException:
            channel.close()
            raise
        self.is_live, self.why_not = True, ""
        self._greeted(self, kept)
        self.was_tried.set()
        log.info("shadow.peer_live", peer=self.peer.node, held=len(kept["held"]))
        return channel

    async def _serve(self, channel: Channel) -> None:
        loop = asyncio.get_running_loop()
        spoken_at = loop.time()
        while True:
            await self._sleep(channel, until=spoken_at + self.heartbeat_s)
            spoken_at = loop.time()
            await self._ask(channel)

    async def _sleep(self, channel: Channel, *, until: float) -> None:
        """Until there is something to say, at the latest the heartbeat; notices when the peer goes."""
        loop = asyncio.get_running_loop()
        while not self._wake.is_set() and loop.time() < until:
            if channel.is_closed:
                raise ConnectionError("the peer closed the connection")
            try:
                async with asyncio.timeout(min(LOOK_S, max(until - loop.time(), 0.0))):
                    await self._wake.wait()
            except TimeoutError:
                continue
        self._wake.clear()
        await asyncio.sleep(0)  # what ends in this turn of the loop shares the round trip

    async def _ask(self, channel: Channel) -> None:
        group, settled, known = self._take()
        said = {
            "copies": [(one.message_id, one.pending, one.envelope, len(one.body)) for one, _ in group],
            "settled": settled,
            "known": known,
        }
        try:
            async with asyncio.timeout(ANSWER_S + sum(len(one.body) for one, _ in group) / 1_000_000):
                await channel.send(said, [one.body for one, _ in group])
                answer = (await channel.receive()).said
        except ENDED as error:
            self._copies = group + self._copies  # told of with the others
            raise ConnectionError(f"it did not answer: {error or 'too late'}") from error
        for _, future in group:
            if not future.done():
                refused = answer.get("refused")
                future.set_exception(NotKept(refused)) if refused else future.set_result(None)

    def _take(self) -> tuple[list[tuple[Copy, Future[None]]], list[tuple[int, int]], list[int]]:
        size, count = 0, 0
        for copy, _ in self._copies:
            if size and size + len(copy.body) > GROUP_BYTES:
                break
            size, count = size + len(copy.body), count + 1
        group, self._copies = self._copies[:count], self._copies[count:]
        settled, self._settled = self._settled, []
        known, self._known = self._known, []
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._copies:
            self._wake.set()
        return group, settled, known

    def _ended(self, why: str) -> None:
        """Whoever waits goes on without this peer."""
        if self.is_live:
            log.warning("shadow.peer_away", peer=self.peer.node, reason=why)
        self.is_live, self.why_not = False, why
        self.was_tried.set()
        waiting, self._copies, self._settled = self._copies, [], []
        for _, future in waiting:
            if not future.done():
                future.set_exception(NotKept(why))
