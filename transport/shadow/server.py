"""Takes the connections of other nodes and does what they ask of the keeper."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import Callable

import structlog

from transport.ports.node import ShadowPort
from transport.ports.spool import SpoolUnavailable
from transport.shadow.channel import Channel, Frame, NotOneOfUs
from transport.shadow.keeper import Keeper
from transport.shadow.origin import Origin

PORTS = 16
log = structlog.get_logger(__name__)
ENDED = (ConnectionError, EOFError, OSError, TimeoutError)


class ShadowServer:
    """``monotonic`` is the keeper's; ``silence_s`` gives for how long a node may be silent on its connection."""

    def __init__(self, port: ShadowPort, keeper: Keeper, *, monotonic: Callable[[], float]) -> None:
        self._port = port
        self._keeper = keeper
        self._monotonic = monotonic
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.silence_s = 600.0

    async def start(self, *, last_port: int = 0) -> None:
        """Listen, at the port of the last time where none is set and it is free. Raises OSError."""
        host, port = self._port.listen.host, self._port.listen.port
        if not port and last_port:
            try:
                self._server = await asyncio.start_server(self._begin, host, last_port)
                return
            except OSError:
                log.info("shadow.port_taken", port=last_port)
        self._server = await self._listen(host, port)

    async def _listen(self, host: str, port: int) -> asyncio.Server:
        """The nodes of one machine share a setting: each takes the next port that is free."""
        for more in range(PORTS if port else 1):
            try:
                return await asyncio.start_server(self._begin, host, port + more)
            except OSError as error:
                if error.errno != errno.EADDRINUSE or more == PORTS - 1:
                    raise
        raise AssertionError("unreachable")

    @property
    def port(self) -> int:
        """Where it listens; 0 when it does not."""
        if self._server is None or not self._server.sockets:
            return 0
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _begin(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.get_running_loop().create_task(self._serve(Channel(reader, writer)))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, channel: Channel) -> None:
        origin: Origin | None = None
        try:
            await channel.welcome(self._port.keys)
            origin = await self._greet(channel)
            while True:
                async with asyncio.timeout(self.silence_s):
                    frame = await channel.receive()
                origin.heard_at = self._monotonic()
                await channel.send(await self._do(origin, frame))
        except NotOneOfUs as error:
            log.warning("shadow.peer_refused", reason=str(error))
        except ENDED:
            log.info("shadow.peer_gone", node=origin.node if origin else "")
        except (ValueError, KeyError, TypeError) as error:
            log.error("shadow.peer_not_understood", node=origin.node if origin else "", reason=repr(error))
        finally:
            if origin is not None:
                origin.connections -= 1
            channel.close()

    async def _greet(self, channel: Channel) -> Origin:
        async with asyncio.timeout(10):
            said = (await channel.receive()).said
        origin = await self._keeper.origin(str(said["node"]), int(said["spool"]))
        origin.connections += 1
        kept = await self._keeper.greet(origin)
        await channel.send(
            {"held": kept.held, "redirected": kept.redirected, "redirected_of_others": kept.redirected_of_others}
        )
        return origin

    async def _do(self, origin: Origin, frame: Frame) -> dict[str, str]:
        said = frame.said
        self._keeper.acknowledge(origin, said["known"])
        origin.settle((message_id, index) for message_id, index in said["settled"])
        try:
            await origin.keep(_copies(frame))
        except SpoolUnavailable as error:
            return {"refused": str(error)}
        return {}


def _copies(frame: Frame) -> list[tuple[int, int, str, bytes]]:
    found, at = [], 0
    for message_id, pending, envelope, size in frame.said["copies"]:
        found.append((message_id, pending, envelope, bytes(frame.blob[at : at + size])))
        at += size
    if at != len(frame.blob):
        raise ValueError("the bodies are not as long as was said")
    return found
