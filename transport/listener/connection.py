"""Octets of one SMTP connection as they arrive, in order and bounded; what they mean is for the session to say.

aiosmtpd's protocol class with a synchronous loop of our own: ``data_received`` is the only reader, whole lines are
answered at once, and the replies of a pipelined group leave in one write. What has to wait (AUTH, STARTTLS, the
commit, a tarpit) holds the loop; what arrives meanwhile stays in the buffer, so that replies keep their order.
"""

from __future__ import annotations

from typing import Any

from transport.listener.stream import Stream

MAX_LINE = 2048  # RFC 5321 4.5.3.1.4: 512, and what MAIL and RCPT may add by SIZE, DSN, SMTPUTF8 and others
MAX_RESPONSE = 12288  # RFC 4954 4: a line within AUTH
MAX_BUFFER = 64 * 1024
MAX_LINES_AT_ONCE = 200  # then it is the turn of other connections


class LineTooLong(Exception):
    """A line that a command waited for is longer than it may be."""


class Connection(Stream):
    """A session says what is done with what is read."""

    __slots__ = ()

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

    async def next_line(self) -> bytes:
        """The next line of the peer, for a command that has a dialogue. Raises LineTooLong."""
        self._line_waiter = waiter = self.loop.create_future()
        self.let_go()
        line: bytes = await waiter
        return line
