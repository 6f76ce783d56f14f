"""One SMTP session: what is known of the peer, what it is told, and when its time is up."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Coroutine
from typing import Any

import structlog

from transport.config.objects import AuthMechanism, ProxyProtocol, TlsMode
from transport.listener import deadlines, express, replies, tls
from transport.listener.arrivals import Arrival
from transport.listener.bdat import chunk_received
from transport.listener.chunks import ChunkReader
from transport.listener.commands import command
from transport.listener.context import Context
from transport.listener.data import DataReader
from transport.listener.finish import message_received
from transport.listener.from_inside import Inquiry
from transport.listener.listed import Asked
from transport.listener.opening import close_session, open_session
from transport.listener.proxy import header_received
from transport.listener.proxy_header import HeaderReader
from transport.listener.regular import Regular
from transport.listener.telling import Telling
from transport.listener.transaction import Transaction
from transport.model.limit import Limit
from transport.model.reply import Reply
from transport.model.verdict import Step
from transport.rules import limits

MAX_EMPTY_COMMANDS = 100
log = structlog.get_logger(__name__)


class Session(Telling):
    """It keeps the ruleset it began under (law 4)."""

    __slots__ = (
        "_errors", "_task", "_timer", "allowed", "arrival", "asked", "binding", "empty_commands", "extensions",
        "failed_logons", "inquiry", "is_counted", "is_logged", "is_shaking_hands", "regular", "ruleset",
        "spare_reader", "trace_heads", "transaction",
    )  # fmt: skip

    def __init__(self, context: Context, binding: str, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(loop)
        self.context = context
        self.binding = binding
        self.ruleset = context.ruleset
        self.transaction: Transaction | None = None
        self.failed_logons = 0
        self.empty_commands = 0
        self.is_counted = False
        self.is_shaking_hands = False
        self.is_logged = False
        self.extensions: frozenset[str]
        self.spare_reader: DataReader | None = None
        self.allowed: tuple[Step, ...] = ()
        """The entry of the IP allow list that the client comes under: it stands in the trail of what it sends."""
        self.asked: Asked | None = None
        """What lists in DNS are asked about the client, where there are any."""
        self.inquiry: Inquiry | None = None
        """About the message that a relay of our own just sent, until it is answered."""
        self.regular: Regular | None = None
        """What is remembered of the client, once it is known who it is."""
        self.arrival: Arrival | None = None
        """What is remembered of how it comes, until more is known of it than that."""
        self.trace_heads = ["", ""]
        """How the Received fields of messages begin, and of messages in UTF-8; empty until the first."""
        self._errors = 0
        self._described = {}
        self.described_json = ""
        self._task: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None

    def data_received(self, data: bytes) -> None:
        self.last_activity = self.loop.time()
        if self._buffer:
            self._buffer += data
            self._process()
        elif not self._express(data):
            super()._process()

    def _process(self) -> None:
        if not self._buffer or not self._express(self._buffer):
            super()._process()

    def _express(self, data: bytes) -> bool:
        """Deal with the plain part of ``data``; the rest of it is in the buffer then. Returns whether that is all."""
        client = self.regular
        if client is None or self._holds or self._is_skipping or self._is_writing_paused or self.is_closing:
            self._buffer = data
            return False
        if self._line_waiter is not None:
            self._buffer = data
            return False
        done = express.received(self, client, data)
        if done < len(data):
            self._buffer = data[done:]
            return False
        self._buffer = b""
        out = self.out
        if out and self._transport is not None:
            self._transport.write(out[0] if len(out) == 1 else b"".join(out))
            out.clear()
        if self._is_reading_paused or self._is_eof:
            self._regulate()
        return True

    # The connection's calls.

    def begin(self) -> None:
        self.context.sessions.add(self)
        self.context.counters.sessions += 1
        if open_session(self, self._transport):
            self._timer = self.loop.call_later(deadlines.first_look_s(self.connector), self._on_timer)

    def end(self, error: Exception | None) -> None:
        if isinstance(error, ssl.SSLError):
            tls.failed(self, error)
        if self._timer is not None:
            self._timer.cancel()
        if self.reader is not None:
            self.reader.release()
        self.forget_transaction()
        if self._task is not None:
            self._task.cancel()
        if self.asked is not None:
            self.asked.task.cancel()
        close_session(self)

    def line_received(self, line: bytes) -> None:
        if not line.endswith(b"\r"):  # RFC 5321 2.3.8
            self.protocol_error(replies.BARE_LINE_END)
            return
        try:
            command(self, line[:-1])
        except Exception:
            self.fail()

    def line_too_long(self) -> None:
        self.protocol_error(replies.LINE_TOO_LONG)

    def message_received(self, data: bytes, start: int) -> int:
        reader = self.reader
        if type(reader) is ChunkReader:
            return chunk_received(self, reader, data, start)
        if type(reader) is HeaderReader:
            return header_received(self, reader, data, start)
        return message_received(self, data, start)

    # What commands use.

    def fail(self) -> None:
        """Something of ours is broken: no traceback reaches a peer, and the session goes on."""
        log.exception("session.command_failed", session=self.facts.session_id)
        self.reply(replies.INTERNAL)

    def protocol_error(self, reply: Reply) -> None:
        """Answer an error of the peer's making, and close when they are too many."""
        self.reply(reply)
        self._errors += 1
        verdict = limits.protocol_errors(self.connector, count=self._errors)
        if verdict is not None and not self.is_closing:
            self.refuse(verdict)

    def empty_command(self, reply: Reply | bytes) -> None:
        """Answer a command that brings no message nearer, and close when there are nothing but such. ``reply``, or what
        it is in octets."""
        self.empty_commands += 1
        if self.empty_commands > MAX_EMPTY_COMMANDS:
            self.refuse(limits.empty_commands(self.connector, limit=MAX_EMPTY_COMMANDS))
        else:
            self.send(reply if isinstance(reply, bytes) else reply.to_bytes())

    def run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Let a command that has to wait run; nothing else is read meanwhile."""
        self.hold()
        self._task = self.loop.create_task(self._guarded(coroutine))

    async def _guarded(self, coroutine: Coroutine[Any, Any, None]) -> None:
        try:
            await coroutine
        except Exception:
            self.fail()
        self._task = None
        self.let_go()

    def forget_transaction(self) -> None:
        """Drop the transaction in progress, with what its chunks hold."""
        transaction, self.transaction = self.transaction, None
        if transaction is not None and transaction.body is not None:
            transaction.body.release()

    def replace_facts(self, **changes: Any) -> None:
        self.facts = self.facts.changed(**changes)
        self.trace_heads = ["", ""]
        self._described = {}
        self.regular = self.spare_reader = self.arrival = None

    @property
    def name(self) -> str:
        """What we are called here, in the banner and in Received."""
        return self.connector.fqdn or self.context.hostname

    @property
    def offers_tls(self) -> bool:
        if self.facts.tls is not None or self.connector.tls_mode not in (TlsMode.OFFERED, TlsMode.REQUIRED):
            return False
        return self.certificate_context is not None

    @property
    def certificate_context(self) -> ssl.SSLContext | None:
        """The context of the connector's handshakes."""
        certificates = self.context.certificates
        return certificates.context_for(self.connector) if certificates is not None else None

    @property
    def takes_users(self) -> bool:
        return self.connector.takes_users

    @property
    def may_say_passwords(self) -> bool:
        """Whether AUTH is taken as the connection is now: over TLS, or in clear where the connector says so and does
        not require TLS for all else."""
        if self.facts.tls is not None:
            return True
        needs_tls = self.connector.tls_mode in (TlsMode.REQUIRED, TlsMode.IMPLICIT)
        return self.connector.auth_mechanism is AuthMechanism.BASIC_AUTH and not needs_tls

    @property
    def offers_xclient(self) -> bool:
        """Whether the peer is a listed proxy that may say so who its client is."""
        proxy = self.facts.proxy
        return bool(proxy) and self.ruleset.proxy_protocol(self.binding, proxy) is ProxyProtocol.XCLIENT

    # Time.

    def _arm_timer(self) -> None:
        self._timer = self.loop.call_later(deadlines.next_look_s(self, self.loop.time()), self._on_timer)

    def _on_timer(self) -> None:
        """One lazy timer a session: it looks whether time is up, and else sleeps on."""
        limit = deadlines.reached(self, self.loop.time())
        if limit is not None:
            self._time_is_up(limit)
        elif not self.is_closing:
            self._arm_timer()

    def _time_is_up(self, limit: Limit) -> None:
        verdict = limits.timed_out(self.connector, limit)
        if limit is Limit.INACTIVITY_TIMEOUT and self.facts.helo and self.transaction is None:
            assert verdict.reply is not None
            self.count(limit)  # many a client keeps its connection for the next message: nothing was refused
            self.reply(verdict.reply)
            self.close()
        else:
            self.refuse(verdict)

    def stop_when_idle(self) -> None:
        """The node drains: end now unless a transaction is in progress."""
        if self.transaction is None and not self.is_held:
            self.stop()

    def stop(self) -> None:
        """The node drains: end now."""
        if not self.is_closing:
            self.reply(replies.STOPPING)
            self.close()
