"""What leaves one SMTP connection: replies in as few writes as can be, silence where a peer is slowed down, the end;
and its TLS. What arrives is for ``connection``."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP

CLOSE_WITHIN_S = 10.0
HANDSHAKE_TIMEOUT_S = 30.0


class Reader(Protocol):
    """Whoever takes octets that are no command lines, until it has enough; it is the session that feeds it."""

    began_at: float

    @property
    def received_bytes(self) -> int: ...

    def release(self) -> None:
        """Give back what it holds."""
        ...


class Stream(SMTP):
    """aiosmtpd's constructor is not called: it costs 170 microseconds to set up a reader, hooks and limits that this
    class does not use. Of aiosmtpd the AUTH dialogues serve, see ``listener.auth``."""

    # More attributes than the dictionaries of instances share: slots are made and read faster.
    __slots__ = (
        "_aborting", "_buffer", "_holds", "_is_eof", "_is_muted", "_is_reading_paused", "_is_skipping", "_is_tls",
        "_is_writing_paused", "_line_waiter", "_transport", "began_at", "is_closing", "last_activity", "loop", "out",
        "reader",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.last_activity = self.began_at = loop.time()
        self.is_closing = False
        self.reader: Reader | None = None
        self._transport: Any = None
        self._buffer = b""
        self.out: list[bytes] = []
        self._holds = 0
        self._is_muted = False
        self._is_skipping = False
        self._is_eof = False
        self._is_reading_paused = False
        self._is_writing_paused = False
        self._is_tls = False
        self._line_waiter: asyncio.Future[bytes] | None = None
        self._aborting: asyncio.TimerHandle | None = None

    def hold(self) -> None:
        """Answer nothing more until ``let_go`` was called as often as this."""
        raise NotImplementedError

    def let_go(self) -> None:
        raise NotImplementedError

    def _pause_reading(self) -> None:
        raise NotImplementedError

    @property
    def is_muted(self) -> bool:
        """Whether replies are held back, see ``be_silent``."""
        return self._is_muted

    # Writing.

    def send(self, octets: bytes) -> None:
        """Say something; it leaves with the next flush."""
        self.out.append(octets)

    def flush(self) -> None:
        out = self.out
        if out and not self._is_muted and self._transport is not None:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()

    def be_silent(self, seconds: float) -> None:
        """Hold back what was not flushed and all that follows."""
        if self._is_muted or self.is_closing or not seconds:
            return
        self._is_muted = True
        self.hold()
        self.loop.call_later(seconds, self._speak_again)

    def _speak_again(self) -> None:
        self._is_muted = False
        self.flush()
        self.let_go()

    # The end.

    def close(self) -> None:
        """Say what is left to say, and close; a peer that does not read it is cut off."""
        if self.is_closing or self._transport is None:
            return
        self.is_closing = True
        self._is_muted = False
        self.flush()
        self._transport.close()
        if self._is_tls or self._transport.get_write_buffer_size():  # else nothing is left that a peer could hold up
            self._aborting = self.loop.call_later(CLOSE_WITHIN_S, self.abort)

    def abort(self) -> None:
        """Close without another word."""
        self.is_closing = True
        if self._transport is not None:
            self._transport.abort()

    # TLS.

    async def start_tls(self, context: ssl.SSLContext, *, is_first: bool = False) -> None:
        """Shake hands as the server. Plaintext that came before is dropped (RFC 3207 4.2), unless nothing was said yet
        (``is_first``): then it is the beginning of the handshake. Raises OSError."""
        transport = self._transport
        if transport is None:
            raise ConnectionResetError("the peer has gone")
        self._pause_reading()  # else the ClientHello may come before TLS listens
        self._is_tls = True
        if not is_first:
            self._buffer = b""
        self.flush()
        handshake = self.loop.create_task(
            self.loop.start_tls(transport, self, context, server_side=True, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S)
        )
        try:
            await asyncio.sleep(0)  # from now on TLS reads
            begun, self._buffer = self._buffer, b""
            if begun and is_first:
                self.loop.call_soon(_feed, transport.get_protocol(), begun)
            self._transport = await handshake
        except asyncio.CancelledError:
            handshake.cancel()
            raise
        except OSError as error:
            self.abort()
            self.loop.call_soon(self.connection_lost, error)  # asyncio does not tell of a loss within the handshake
            raise
        self._is_reading_paused = False

    @property
    def peer_transport(self) -> Any:
        """The transport of the connection, None when it is lost."""
        return self._transport

    @property
    def tls_object(self) -> Any:
        """The SSL object of the connection, or None in clear."""
        return None if self._transport is None else self._transport.get_extra_info("ssl_object")


def _feed(protocol: asyncio.BufferedProtocol, octets: bytes) -> None:
    """Give TLS what was read before it could read itself."""
    left = memoryview(octets)
    while left:
        buffer = memoryview(protocol.get_buffer(len(left)))
        count = min(len(buffer), len(left))
        buffer[:count] = left[:count]
        protocol.buffer_updated(count)
        left = left[count:]
