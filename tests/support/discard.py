"""A sink for messages too large to keep: it counts their octets and forgets them."""

import asyncio
import threading
import time
from types import TracebackType
from typing import Self

END = b"\r\n.\r\n"


class Discard:
    """``sizes``: the octets of each message, without the end mark."""

    host = "127.0.0.1"
    port = 0

    def __init__(self) -> None:
        self.sizes: list[int] = []
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="discard", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        server = asyncio.run_coroutine_threadsafe(self._start(), self._loop).result(5)
        self.port = server.sockets[0].getsockname()[1]
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)

    async def _start(self) -> asyncio.Server:
        return await self._loop.create_server(lambda: _Session(self.sizes), self.host, 0)

    def wait_for(self, count: int, *, timeout_s: float) -> None:
        until = time.monotonic() + timeout_s
        while len(self.sizes) < count:
            assert time.monotonic() < until, f"{len(self.sizes)} of {count} came"
            time.sleep(0.05)


class _Session(asyncio.Protocol):
    def __init__(self, sizes: list[int]) -> None:
        self._sizes = sizes
        self._size = -1
        self._tail = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._transport.write(b"220 discard.example\r\n")

    def data_received(self, data: bytes) -> None:
        self._tail = (self._tail + data)[-max(len(data), len(END)) :] if self._size >= 0 else self._tail + data
        if self._size >= 0:
            self._size += len(data)
            if self._tail.endswith(END):
                self._sizes.append(self._size - len(END) + 2)
                self._size, self._tail = -1, b""
                self._transport.write(b"250 2.0.0 gone\r\n")
            return
        while b"\r\n" in self._tail:
            line, _, self._tail = self._tail.partition(b"\r\n")
            verb = line[:4].upper()
            self._size = 0 if verb == b"DATA" else -1
            self._transport.write({b"DATA": b"354 go\r\n", b"QUIT": b"221 bye\r\n"}.get(verb, b"250 2.0.0 ok\r\n"))
