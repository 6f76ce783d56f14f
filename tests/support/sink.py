"""A scriptable SMTP server to deliver to: a real one on loopback, in a thread of its own, with a record of every byte.

    with Sink() as sink:
        sink.reply("rcpt", "451 4.3.0 try later", recipient="defer*@*", times=2)
        ...
        message = sink.wait_for(1)[0]

It may be told at any time, from the test's thread; `stop` and `start` keep the port. The waiting verbs block: an async
test calls them by `asyncio.to_thread`.
"""

import asyncio
import socket
import ssl
import threading
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.support.sink_script import Received, Rule, Stage
from tests.support.sink_session import Session

LOOK_AGAIN_S = 0.05
DEFAULT_EXTENSIONS = ("PIPELINING", "SIZE 52428800", "8BITMIME", "SMTPUTF8", "DSN", "ENHANCEDSTATUSCODES")


@dataclass
class Sink:
    extensions: Sequence[str] = DEFAULT_EXTENSIONS
    host: str = "127.0.0.1"
    port: int = 0
    tls_chain: Path | None = None
    tls_key: Path | None = None
    client_ca: Path | None = None
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    commands: list[str] = field(default_factory=list)
    _rules: list[Rule] = field(default_factory=list)
    _changed: threading.Condition = field(default_factory=threading.Condition)
    _sessions: set[Session] = field(default_factory=set)
    _server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sink", daemon=True)
        self._thread.start()
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    # What a test tells it.

    def reply(self, stage: Stage, reply: str, *, recipient: str = "*", times: int | None = None) -> None:
        """Answer `stage` with `reply` ("451 4.3.0 later"; lines by \\n), the next `times` times or always."""
        self._add(Rule(stage, reply=reply, recipient=recipient, times=times))

    def delay(self, stage: Stage, seconds: float, *, times: int | None = None) -> None:
        self._add(Rule(stage, delay_s=seconds, times=times))

    def close_at(self, stage: Stage, *, times: int | None = None) -> None:
        """Cut the connection instead of answering; at "data" in the middle of the body, at "dot" after it."""
        self._add(Rule(stage, is_close=True, times=times))

    def behave(self) -> None:
        """Forget every deviation: accept everything again."""
        with self._changed:
            self._rules.clear()

    def start(self) -> None:
        """Listen; again on the same port after `stop`."""
        self._call(self._start())

    def stop(self) -> None:
        """Refuse new connections and cut the open ones."""
        self._call(self._stop())

    def wait_for(self, count: int, *, timeout_s: float = 30.0) -> list[Received]:
        """The received messages once there are `count`; fails with what is there after `timeout_s`."""
        self.wait_until(lambda: len(self.received) >= count, timeout_s=timeout_s)
        return list(self.received)

    def wait_until(self, condition: Callable[[], bool], *, timeout_s: float = 30.0) -> None:
        """Wait for something about the sink to become true, at once; or about anything else, by looking again."""
        deadline = time.monotonic() + timeout_s
        with self._changed:
            while not (met := condition()) and time.monotonic() < deadline:
                self._changed.wait(LOOK_AGAIN_S)
        envelopes = [(message.mail_from, message.rcpt_to) for message in self.received]
        assert met, (
            f"after {timeout_s} s the sink has {len(envelopes)} messages: {envelopes}; saw {self.commands[-20:]}"
        )

    @property
    def recipients(self) -> list[str]:
        return [address for message in self.received for address in message.rcpt_to]

    # What its sessions ask.

    def rule_for(self, stage: Stage, recipient: str = "") -> list[Rule]:
        """Every delay that applies, and the first reply or close."""
        with self._changed:
            taken: list[Rule] = []
            for rule in self._rules:
                is_decided = any(other.reply or other.is_close for other in taken)
                if (rule.delay_s or not is_decided) and rule.take(stage, recipient):
                    taken.append(rule)
            return taken

    def record(self, message: Received) -> None:
        with self._changed:
            self.received.append(message)
            self._changed.notify_all()

    def record_command(self, line: str) -> None:
        with self._changed:
            self.commands.append(line)
            self._changed.notify_all()

    def tls_context(self) -> ssl.SSLContext | None:
        if self.tls_chain is None:
            return None
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.tls_chain, self.tls_key)
        if self.client_ca is not None:
            context.load_verify_locations(self.client_ca)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def _add(self, rule: Rule) -> None:
        with self._changed:
            self._rules.append(rule)

    def _call(self, coroutine: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=10)

    async def _start(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, self.host, self.port, limit=2**26)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _stop(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for session in list(self._sessions):
            session.abort()
        if self._sessions:
            await asyncio.wait([session.task for session in self._sessions if session.task])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with self._changed:
            self.connections += 1
            number = self.connections
            self._changed.notify_all()
        writer.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        session = Session(self, reader, writer, number, task=asyncio.current_task())
        self._sessions.add(session)
        try:
            await session.run()
        finally:
            self._sessions.discard(session)


@pytest.fixture
def sink() -> Iterator[Sink]:
    with Sink() as running:
        yield running
