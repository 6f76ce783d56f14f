"""One TCP connection to a mail server: octets, replies in order, one lazy timer. Knows nothing of messages."""

from __future__ import annotations

import asyncio
import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

import structlog

from transport.delivery import certificate_names
from transport.delivery.failure import ConnectionFailed, deferred
from transport.delivery.reply_parser import ReplyParser, ReplyTooLong
from transport.delivery.timeouts import Timeouts
from transport.model.outcome import Outcome, Phase
from transport.model.reply import Reply
from transport.rules import replies

log = structlog.get_logger(__name__)
MIN_RATE = 500
"""Octets a second that a server must take of a message: Postfix's smtp_min_data_rate."""
COPIED_BYTES = 16 * 1024  # to copy less than that costs less than to write pieces
Handler = Callable[[Any, int, bytes], None]


def _retrieve(future: asyncio.Future[Reply]) -> None:
    """Nobody may be there to await the failure."""
    if not future.cancelled():
        future.exception()


class Connection(asyncio.Protocol):
    """Each command puts its reply's handler in ``_expected``; replies come in order of commands (RFC 2920 3.1).

    ``certificate_names`` are those of a verified certificate; ``is_verified``: one is a name that no stranger's
    DNS gave us. ``note`` is a sentence about it for those who see that mail was taken."""

    # More attributes than the dictionaries of instances share: slots are read faster, and are read for each message.
    __slots__ = (
        "_deadline", "_expected", "_greeting", "_loop", "_out", "_parser", "_phase", "_timeouts", "_timer",
        "_transport", "_unwritten", "certificate_names", "is_closed", "is_verified", "note", "remote", "tls",
    )  # fmt: skip

    def __init__(self, loop: asyncio.AbstractEventLoop, timeouts: Timeouts, remote: str) -> None:
        self.remote = remote
        self.tls = ""
        self.certificate_names: tuple[str, ...] = ()
        self.is_verified = False
        self.note = ""
        self.is_closed = False
        self._loop = loop
        self._timeouts = timeouts
        self._transport: asyncio.Transport | None = None
        self._parser = ReplyParser()
        self._expected: deque[tuple[Handler, Any, int]] = deque()
        self._out: list[bytes] = []
        self._phase = Phase.CONNECT
        self._deadline = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._unwritten = -1
        # uvloop may deliver the greeting before whoever connected has asked for it.
        self._greeting: asyncio.Future[Reply] = loop.create_future()
        self._greeting.add_done_callback(_retrieve)
        self._expected.append((self._answer, self._greeting, 0))

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        if self.is_closed:  # given up while it was being made
            self._transport.abort()

    def data_received(self, data: bytes) -> None:
        try:
            self._receive(data)
        except (ReplyTooLong, replies.InvalidReply) as error:
            self._fall(self._deferred(f"The server broke the protocol: {error}.", "4.5.0"))
        except Exception as error:
            log.exception("delivery.own_fault", remote=self.remote)
            outcome = self._deferred(f"Our own fault: {type(error).__name__}.", "4.3.5")
            self._fall(replace(outcome, is_own_fault=True))

    def _receive(self, data: bytes) -> None:
        expected = self._expected
        for raw in self._parser.feed(data):
            if self.is_closed:
                return
            if not expected:
                self._unasked(raw)
                return
            handler, subject, index = expected.popleft()
            handler(subject, index, raw)
        if self._out:
            self._flush()

    def eof_received(self) -> None:
        """The server closed its side; asyncio closes ours and calls ``connection_lost``."""

    def connection_lost(self, exc: Exception | None) -> None:
        why = f": {exc}" if exc is not None else ""
        self._fall(self._deferred(f"The server closed the connection{why}.", "4.4.2"))

    def pause_writing(self) -> None:
        assert self._transport is not None
        self._unwritten = self._transport.get_write_buffer_size()
        self._wait(self._timeouts.block_s)

    def resume_writing(self) -> None:
        self._unwritten = -1
        self._wait(self._timeouts.dot_s)

    # For the handshake, which asks one thing at a time.

    async def greeting(self, timeout_s: float) -> Reply:
        """The first reply, which the server sends unasked (RFC 5321 3.1). Raises ConnectionFailed."""
        self._phase = Phase.BANNER
        if not self._greeting.done():
            self._wait(timeout_s)
        return await self._greeting

    async def ask(self, command: bytes, phase: Phase, timeout_s: float) -> Reply:
        """Send ``command`` and return the reply. Raises ConnectionFailed."""
        if self.is_closed:
            raise ConnectionFailed(self._deferred("The server closed the connection.", "4.4.2", phase))
        answer: asyncio.Future[Reply] = self._loop.create_future()
        self._phase = phase
        self._expected.append((self._answer, answer, 0))
        self._wait(timeout_s)
        self._out.append(command)
        self._flush()
        return await answer

    def _answer(self, answer: asyncio.Future[Reply], _index: int, raw: bytes) -> None:
        reply = replies.parse(raw)
        if not answer.done():
            answer.set_result(reply)

    async def start_tls(self, context: ssl.SSLContext, server_name: str) -> None:
        """Put TLS under the connection. Raises OSError (ssl.SSLError, TimeoutError among them)."""
        assert self._transport is not None
        # CVE-2011-0411: text sent in clear must not be read as sent in TLS. Whole lines of it have closed us already.
        if self.is_closed or not self._parser.is_clean:
            raise OSError("the server sent text before TLS began")
        self._wait(self._timeouts.tls_s + 5)
        transport = await self._loop.start_tls(
            self._transport, self, context, server_hostname=server_name, ssl_handshake_timeout=self._timeouts.tls_s
        )
        encryption = transport.get_extra_info("ssl_object") if transport is not None else None
        if transport is None or encryption is None or self.is_closed:
            raise OSError("the server closed the connection during the handshake")
        self._transport = transport
        cipher = encryption.cipher()
        self.certificate_names = certificate_names.presented(encryption.getpeercert())
        self.tls = f"{encryption.version()} {cipher[0] if cipher else ''}".strip()

    # Ending.

    def abort(self) -> None:
        """End it now, telling nobody."""
        self.is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._transport is not None:
            self._transport.abort()

    def _fall(self, outcome: Outcome) -> None:
        """The connection is no longer of use; whoever waits learns why."""
        if self.is_closed:
            return
        self.abort()
        expected, self._expected = self._expected, deque()
        for _handler, subject, _index in expected:
            if isinstance(subject, asyncio.Future) and not subject.done():
                subject.set_exception(ConnectionFailed(outcome))

    def _unasked(self, raw: bytes) -> None:
        """A reply to nothing: a server that says 421 before it closes an idle connection, or one out of step."""
        reply = replies.parse(raw)
        self._fall(Outcome(replies.meaning(reply, Phase.BANNER).kind, self._phase, reply, "", self.remote, self.tls))

    def _deferred(self, reason: str, status: str, phase: Phase | None = None) -> Outcome:
        return deferred(phase or self._phase, reason, status, remote=self.remote, tls=self.tls)

    # Writing and waiting.

    def _flush(self) -> None:
        out, self._out = self._out, []
        if self._transport is None or self.is_closed:
            return
        if len(out) == 1:
            self._transport.write(out[0])
        elif sum(map(len, out)) < COPIED_BYTES:
            self._transport.write(b"".join(out))
        else:
            self._transport.writelines(out)

    def _wait(self, seconds: float) -> None:
        """The server has that long. Only an earlier deadline than the timer's touches the timer."""
        self._deadline = deadline = self._loop.time() + seconds
        timer = self._timer
        if timer is None:
            self._timer = self._loop.call_at(deadline, self._time_is_up)
        elif timer.when() > deadline:
            timer.cancel()
            self._timer = self._loop.call_at(deadline, self._time_is_up)

    def _extend(self, seconds: float) -> None:
        """The server has at least that long from now, since it answered; the timer is left alone."""
        deadline = self._loop.time() + seconds
        if deadline > self._deadline:
            self._deadline = deadline

    def _time_is_up(self) -> None:
        self._timer = None
        if self._is_writing_on():
            self._wait(self._timeouts.block_s)
        elif self._loop.time() < self._deadline - 0.001:
            self._timer = self._loop.call_at(self._deadline, self._time_is_up)
        else:
            self._timed_out()

    def _is_writing_on(self) -> bool:
        """Whether a paused write got far enough since it was last looked at (RFC 5321 4.5.3.2.5). A server that takes
        an octet now and then would keep the connection, and a large message in memory, for as long as it likes."""
        if self._unwritten < 0 or self._transport is None:
            return False
        before, self._unwritten = self._unwritten, self._transport.get_write_buffer_size()
        return before - self._unwritten >= min(before, MIN_RATE * self._timeouts.block_s) > 0

    def _timed_out(self) -> None:
        self._fall(self._deferred("The server did not answer in time.", "4.4.1"))
