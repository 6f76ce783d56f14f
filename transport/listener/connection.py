"""Octets in and out of one SMTP connection, in order and bounded; what they mean is for the session to say.

aiosmtpd's protocol class with a synchronous loop of our own: ``data_received`` is the only reader, whole lines are
answered at once, and the replies of a pipelined group leave in one write. What has to wait (AUTH, STARTTLS, the
commit, a tarpit) holds the loop; what arrives meanwhile stays in the buffer, so that replies keep their order.
"""

from __future__ import annotations

import asyncio
import ssl
from typing import Any, Protocol

from aiosmtpd.smtp import SMTP

MAX_LINE = 2048  # RFC 5321 4.5.3.1.4: 512, and what MAIL and RCPT may add by SIZE, DSN, SMTPUTF8 and others
MAX_RESPONSE = 12288  # RFC 4954 4: a line within AUTH
MAX_BUFFER = 64 * 1024
MAX_LINES_AT_ONCE = 200  # then it is the turn of other connections
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


class LineTooLong(Exception):
    """A line that a command waited for is longer than it may be."""


class Connection(SMTP):
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

    # What a session does with what it reads.

    def begin(self) -> None:
        raise NotImplementedError

    def end(self, error: Exception | None) -> None:
        raise NotImplementedError

    def line_received(self, line: bytes) -> None:
        """Answer a line, given without its LF."""
        raise NotImplementedError

    def line_too_long(self) -> None:
        raise NotImplementedError

    def message_received(self, data: bytes, start: int) -> int:
        """Take octets of a message, for which ``reader`` waits; returns the index of the first that it left."""
        raise NotImplementedError

    # The transport's calls.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.begin()
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        if self._transport is None:
            return
        self.is_closing = True
        self._transport = None
        self._buffer = b""
        self.out.clear()
        if self._aborting is not None:
            self._aborting.cancel()
        if self._line_waiter is not None:
            self._line_waiter.cancel()
        self.end(error)

    def eof_received(self) -> bool:
        """A peer may close its half and still wait for replies; asyncio's TLS knows no half."""
        self._is_eof = True
        if (self._holds or self._is_writing_paused) and self.tls_object is None:
            return True
        self.close()
        return False

    def pause_writing(self) -> None:
        """The peer does not read its replies: take no more commands until it does."""
        self._is_writing_paused = True
        self._pause_reading()

    def resume_writing(self) -> None:
        self._is_writing_paused = False
        self._process()

    def data_received(self, data: bytes) -> None:
        self.last_activity = self.loop.time()
        self._buffer = self._buffer + data if self._buffer else data
        self._process()

    # Reading.

    def _process(self) -> None:
        """Answer every whole line, as long as nothing has to wait."""
        data, position, lines = self._buffer, 0, 0
        size = len(data)
        while position < size and not self._holds and not self.is_closing and not self._is_writing_paused:
            if self.reader is not None:
                position = self.message_received(data, position)
                continue
            end = data.find(b"\n", position)
            if end < 0:
                position = self._incomplete_line(size, position)
                break
            line = data[position:end]
            position = end + 1
            self._one_line(line)
            lines += 1
            if lines == MAX_LINES_AT_ONCE:
                self.hold()
                self.loop.call_soon(self.let_go)
        self._buffer = b"" if self.is_closing else data[position:]
        self.flush()
        self._regulate()

    def _incomplete_line(self, size: int, position: int) -> int:
        """Memory is bounded whatever the peer sends: of a line that is too long nothing is kept."""
        if not self._is_skipping and size - position <= self._line_limit:
            return position
        self._is_skipping = True
        return size

    @property
    def _line_limit(self) -> int:
        return MAX_LINE if self._line_waiter is None else MAX_RESPONSE

    def _one_line(self, line: bytes) -> None:
        waiter = self._line_waiter
        is_too_long = self._is_skipping or (len(line) > MAX_LINE and len(line) > self._line_limit)
        self._is_skipping = False
        if waiter is not None:
            self._line_waiter = None
            self.hold()
            if is_too_long:
                waiter.set_exception(LineTooLong())
            else:
                waiter.set_result(line)
        elif is_too_long:
            self.line_too_long()
        else:
            self.line_received(line)

    def _regulate(self) -> None:
        """Read on or wait, by how much is buffered; end where the peer has nothing more to say."""
        if self._transport is None:
            return
        if self._is_eof and not self._holds and not self._is_writing_paused:
            self.close()
        elif self._is_writing_paused or len(self._buffer) > MAX_BUFFER:
            self._pause_reading()
        elif self._is_reading_paused and not self.is_closing:
            self._is_reading_paused = False
            self._transport.resume_reading()

    def _pause_reading(self) -> None:
        if not self._is_reading_paused and self._transport is not None and not self.is_closing:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def hold(self) -> None:
        """Answer nothing more until ``let_go`` was called as often as this."""
        self._holds += 1

    def let_go(self) -> None:
        self._holds -= 1
        if not self._holds and self._transport is not None:
            self.last_activity = self.loop.time()
            if self._buffer:
                self._process()
            else:
                self.flush()
                self._regulate()

    @property
    def is_held(self) -> bool:
        return self._holds > 0

    @property
    def has_unread(self) -> bool:
        """Whether the peer sent something that was not answered yet."""
        return bool(self._buffer)

    @property
    def is_muted(self) -> bool:
        """Whether replies are held back, see ``be_silent``."""
        return self._is_muted

    async def next_line(self) -> bytes:
        """The next line of the peer, for a command that has a dialogue. Raises LineTooLong."""
        self._line_waiter = waiter = self.loop.create_future()
        self.let_go()
        line: bytes = await waiter
        return line

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
