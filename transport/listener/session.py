"""One SMTP session: aiosmtpd's protocol class with a synchronous command loop of our own.

``data_received`` is the only parser. Simple commands are answered at once, replies of a pipelined group go out in one
write; a command that has to wait (STARTTLS, AUTH, the commit, a tarpit) makes the session busy, and what arrives
meanwhile stays in the buffer, so that replies keep their order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any

import structlog
from aiosmtpd.smtp import SMTP

from transport.config.objects import PermissionGroup, ReceiveConnector, TlsMode
from transport.listener import replies
from transport.listener.commands import command
from transport.listener.context import Context
from transport.listener.data import DataReader, Overflow
from transport.listener.finish import abandon_data, finish_data
from transport.listener.opening import close_session, open_session
from transport.listener.transaction import Transaction
from transport.model.event import EventId, TrackingEvent
from transport.model.reply import Reply
from transport.model.session import SessionFacts
from transport.model.verdict import Action, Verdict

MAX_LINE = 2048  # RFC 5321 4.5.3.1.4 and what the extensions add
MAX_BUFFER = 128 * 1024
log = structlog.get_logger(__name__)


class Session(SMTP):
    """aiosmtpd's constructor is not called: it costs 170 microseconds to set up a reader, hooks and limits that this
    class does not use. Of aiosmtpd the AUTH dialogues serve, see ``listener.auth``."""

    def __init__(self, context: Context, binding: str, loop: asyncio.AbstractEventLoop) -> None:
        self.context = context
        self.binding = binding
        self.loop = loop
        self.ruleset = context.ruleset
        self.transaction: Transaction | None = None
        self.reader: DataReader | None = None
        self.failed_logons = 0
        self.is_busy = False
        self.last_activity = self.began_at = loop.time()
        self.connector: ReceiveConnector
        self.facts: SessionFacts
        self._transport: Any = None
        self._buffer = b""
        self._out: list[bytes] = []
        self._is_skipping_line = False
        self._is_closing = False
        self._is_reading_paused = False
        self._errors = 0
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._line_waiter: asyncio.Future[bytes] | None = None

    # The transport's calls.

    def connection_made(self, transport: Any) -> None:
        self._transport = transport
        self.context.sessions.add(self)
        self.context.counters.sessions += 1
        if open_session(self, transport):
            self._arm_timer()
            self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        self._is_closing = True
        self._buffer = b""
        if self._timer is not None:
            self._timer.cancel()
        if self.reader is not None:
            self.reader.release()
        if self._line_waiter is not None and not self._line_waiter.done():
            self._line_waiter.cancel()
        if self._task is not None:
            self._task.cancel()
        close_session(self)

    def eof_received(self) -> bool | None:
        return None

    def pause_writing(self) -> None:
        self.pause_reading()

    def resume_writing(self) -> None:
        self.resume_reading()

    def data_received(self, data: bytes) -> None:
        self.last_activity = self.loop.time()
        if self.reader is not None and not self.is_busy:
            self._feed(data)
        else:
            self._buffer = self._buffer + data if self._buffer else data
        self._process()

    def _feed(self, data: bytes) -> None:
        reader = self.reader
        assert reader is not None
        rest = reader.feed(data)
        if rest is not None:
            self.reader = None
            self._buffer = rest
            finish_data(self, reader)
        elif reader.overflow is Overflow.ABUSE:
            abandon_data(self, reader)

    def _process(self) -> None:
        """Answer every whole line, as long as nothing has to wait."""
        while self._buffer and not self.is_busy and not self._is_closing:
            if self.reader is not None:
                data, self._buffer = self._buffer, b""
                self._feed(data)
                continue
            end = self._buffer.find(b"\n")
            if end < 0:
                if len(self._buffer) > MAX_LINE:
                    self._is_skipping_line, self._buffer = True, b""
                break
            line, self._buffer = self._buffer[: end + 1], self._buffer[end + 1 :]
            self._line(line)
        self.flush()
        if len(self._buffer) > MAX_BUFFER:
            self.pause_reading()

    def _line(self, line: bytes) -> None:
        if self._is_skipping_line or len(line) > MAX_LINE:
            self._is_skipping_line = False
            self.protocol_error(replies.LINE_TOO_LONG)
        elif self._line_waiter is not None:
            waiter, self._line_waiter = self._line_waiter, None
            waiter.set_result(line)
        elif not line.endswith(b"\r\n"):
            self.protocol_error(replies.BARE_LINE_END)
        else:
            try:
                command(self, line[:-2])
            except Exception:
                # No traceback reaches a peer, and the session goes on for the next command.
                log.exception("session.command_failed", session=self.facts.session_id)
                self.reply(replies.INTERNAL)

    # What commands use.

    def reply(self, reply: Reply) -> None:
        """Answer; the octets leave with the next flush."""
        self._out.append(reply.to_bytes())

    def reply_bytes(self, octets: bytes) -> None:
        """Answer with a reply whose octets are known."""
        self._out.append(octets)

    def flush(self) -> None:
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    def protocol_error(self, reply: Reply) -> None:
        """Answer an error of the peer's making, and close when they are too many."""
        self.reply(reply)
        self._errors += 1
        if 0 < self.connector.max_protocol_errors < self._errors:
            self.reply(replies.TOO_MANY_ERRORS)
            self.close()

    def refuse(self, verdict: Verdict, *, sender: str = "", recipient: str = "") -> None:
        """Answer a refusal, keep it with its reason, and slow an anonymous peer down."""
        assert verdict.reply is not None
        self.tell(verdict, sender=sender, recipient=recipient)
        self.reply(verdict.reply)
        if verdict.action is Action.DISCONNECT:
            self.close()
        elif verdict.action is Action.REFUSE and not self.facts.identity:
            self.wait(self.connector.tarpit_interval)

    def tell(self, verdict: Verdict, *, sender: str = "", recipient: str = "") -> None:
        """Keep a refusal for the Refusals page."""
        facts = self.facts
        self.context.tell_refusal(
            TrackingEvent(
                EventId.REFUSE,
                self.context.clock(),
                session_id=facts.session_id,
                sender=sender,
                recipient=recipient,
                peer=facts.peer,
                connector_id=facts.connector_id,
                reply=str(verdict.reply or ""),
                reason=verdict.reason,
                revision=facts.revision,
                detail={
                    "stage": verdict.stage.value,
                    "action": verdict.action.value,
                    **self.described(),
                    "trail": verdict.trail_rows,
                },
            )
        )

    def described(self) -> dict[str, Any]:
        """What an event's detail says of the session."""
        facts = self.facts
        return {
            "helo": facts.helo,
            "identity": facts.identity,
            "tls": f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
            "binding": facts.binding,
        }

    def wait(self, seconds: float) -> None:
        """Hold back this reply and all that follows; the octets so far leave after that."""
        if seconds <= 0 or self._is_closing:
            return
        self.is_busy = True
        held, self._out = self._out, []
        self.flush()
        self.loop.call_later(seconds, self._after_wait, held)

    def _after_wait(self, held: list[bytes]) -> None:
        if not self._is_closing:
            self._out = held + self._out
            self.resume()

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Let a command that has to wait run; nothing else is read meanwhile."""
        self.is_busy = True
        self.flush()
        self._task = self.loop.create_task(self._guarded(coroutine))

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Exception:
            log.exception("session.command_failed", session=self.facts.session_id)
            self.reply(replies.INTERNAL)
        self._task = None
        self.resume()

    def resume(self) -> None:
        """Go on with what has arrived meanwhile."""
        self.is_busy = False
        if self._is_closing:
            self.flush()
            return
        self._process()
        if len(self._buffer) <= MAX_BUFFER:
            self.resume_reading()

    async def next_line(self) -> bytes:
        """The next line the peer sends, with its line end; for the AUTH dialogue."""
        self._line_waiter = self.loop.create_future()
        waiter = self._line_waiter
        self.flush()
        self.is_busy = False
        self.loop.call_soon(self._process)
        line = await waiter
        self.is_busy = True
        return line

    def replace_facts(self, **changes: Any) -> None:
        self.facts = replace(self.facts, **changes)

    @property
    def offers_tls(self) -> bool:
        mode = self.connector.tls_mode
        has_context = self.context.tls_context is not None
        return has_context and self.facts.tls is None and mode in (TlsMode.OFFERED, TlsMode.REQUIRED)

    @property
    def offers_auth(self) -> bool:
        return PermissionGroup.EXCHANGE_USERS in self.connector.permission_groups and self.facts.tls is not None

    @property
    def is_closing(self) -> bool:
        return self._is_closing

    def close(self) -> None:
        """Say what is left to say, and close."""
        if not self._is_closing:
            self._is_closing = True
            self.flush()
            if self._transport is not None:
                self._transport.close()

    def pause_reading(self) -> None:
        if not self._is_reading_paused and self._transport is not None:
            self._is_reading_paused = True
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if self._is_reading_paused and self._transport is not None and not self._is_closing:
            self._is_reading_paused = False
            self._transport.resume_reading()

    async def start_tls(self) -> None:
        """Shake hands. Plaintext that came after STARTTLS is dropped (RFC 3207 4.2). Raises OSError."""
        assert self.context.tls_context is not None
        self._buffer = b""
        transport = self._transport
        transport.pause_reading()  # else the ClientHello may come before TLS listens
        self.flush()
        self._transport = await self.loop.start_tls(
            transport, self, self.context.tls_context, server_side=True, ssl_handshake_timeout=30
        )
        self._is_reading_paused = False

    @property
    def tls_object(self) -> Any:
        return self._transport.get_extra_info("ssl_object")

    # Time.

    def _arm_timer(self) -> None:
        idle_left = self.last_activity + self.connector.connection_inactivity_timeout - self.loop.time()
        total_left = self.began_at + self.connector.connection_timeout - self.loop.time()
        self._timer = self.loop.call_later(max(0.05, min(idle_left, total_left)), self._on_timer)

    def _on_timer(self) -> None:
        """One lazy timer a session: it looks whether time is up, and else sleeps on."""
        now = self.loop.time()
        is_idle = now - self.last_activity >= self.connector.connection_inactivity_timeout
        is_over = now - self.began_at >= self.connector.connection_timeout
        if (is_idle or is_over) and not self.is_busy:
            self.reply(replies.TIMED_OUT)
            self.close()
        else:
            self._arm_timer()

    def stop_when_idle(self) -> None:
        """The node drains: end now unless a transaction is in progress."""
        if self.transaction is None and self.reader is None and not self.is_busy:
            self.reply(replies.STOPPING)
            self.close()
