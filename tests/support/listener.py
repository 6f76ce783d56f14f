"""A real Listener on loopback in front of an intake in memory, on a loop and thread of its own.

with running(connector=ReceiveConnector(...)) as server:
    with server.client() as client: ...
"""

import asyncio
import contextlib
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future as ThreadFuture
from typing import Any, TypeVar

import uvloop

from tests.support.smtp import Sent, SmtpClient, send
from transport.config.document import MailFlow
from transport.config.objects import AcceptedDomain, ReceiveConnector
from transport.listener.server import Listener
from transport.model.envelope import Message
from transport.model.event import EventId, TrackingEvent
from transport.ports.accounts import AuthAnswer, AuthResult, NoAuthenticator
from transport.ports.node import ListenAddress
from transport.ports.recipients import NoDirectory
from transport.ports.secrets import no_secrets
from transport.ports.spool import SpoolUnavailable, Stored
from transport.rules.ruleset import compile_ruleset

T = TypeVar("T")
LOOPS: dict[str, Callable[[], asyncio.AbstractEventLoop]] = {
    "asyncio": asyncio.new_event_loop,
    "uvloop": uvloop.new_event_loop,
}


class MemoryIntake:
    """Keeps what it is given. ``is_waiting`` leaves commits undone until ``finish``; ``failure`` makes them fail."""

    def __init__(self) -> None:
        self.why_not_accepting = ""
        self.why_not_from_outside = ""
        self.messages: list[Message] = []
        self.events: list[TrackingEvent] = []
        self.failure = ""
        self.is_waiting = False
        self.waiting: list[asyncio.Future[None]] = []
        self._last_id = 1000

    def new_id(self) -> int:
        self._last_id += 1
        return self._last_id

    def submit(self, message: Message, events: Sequence[TrackingEvent]) -> asyncio.Future[None]:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.failure:
            future.set_exception(SpoolUnavailable(self.failure))
            return future
        self.messages.append(message)
        self.events += events
        if self.is_waiting:
            self.waiting.append(future)
        else:
            future.set_result(None)
        return future

    def take(self, message: Message, event: TrackingEvent, then: Stored) -> None:
        future = self.submit(message, [event])
        future.add_done_callback(lambda done: then(done.exception()))

    def finish(self) -> None:
        waiting, self.waiting = self.waiting, []
        for future in waiting:
            future.set_result(None)

    def record(self, events: Sequence[TrackingEvent]) -> None:
        self.events += events

    def happened(self, event: EventId) -> list[TrackingEvent]:
        return [e for e in self.events if e.event is event]


def connector(**fields: Any) -> ReceiveConnector:
    """Anonymous, without tarpit: what most tests want."""
    return ReceiveConnector(
        **{"id": "default", "name": "Default", "tarpit_interval": 0, "auth_tarpit_interval": 0, **fields}
    )


def mail_flow(*connectors: ReceiveConnector, **sections: Any) -> MailFlow:
    """acme.example is accepted, nothing is relayed."""
    domain = AcceptedDomain(id="acme", name="acme.example", domain="acme.example")
    return MailFlow.model_validate(
        {"receive_connectors": connectors or (connector(),), "accepted_domains": (domain,), **sections}
    )


class OneContext:
    """The same TLS context for every connector."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context

    def context_for(self, connector: ReceiveConnector) -> ssl.SSLContext | None:
        return self._context


def _certificates(options: dict[str, Any]) -> Any:
    context = options.pop("tls_context", None)
    return options.pop("certificates", OneContext(context) if context is not None else None)


class Server:
    """The running listener; what touches it from a test runs on its loop."""

    def __init__(self, document: MailFlow, loop: asyncio.AbstractEventLoop, **options: Any) -> None:
        self.intake = MemoryIntake()
        self.loop = loop
        self.listener = Listener(
            addresses=(ListenAddress("smtp", "127.0.0.1", 0), ListenAddress("submission", "127.0.0.1", 0)),
            ruleset=compile_ruleset(document, 1),
            intake=self.intake,
            lookup=options.pop("lookup", NoDirectory()),
            authenticator=options.pop("authenticator", NoAuthenticator()),
            certificates=_certificates(options),
            hostname="relay.test",
            clock=options.pop("clock", time.time),
            secrets=options.pop("secrets", no_secrets),
            spill_folder=options.pop("spill_folder", None),
            dns=options.pop("dns", None),
        )

    def run(self, coroutine: Any) -> Any:
        future: ThreadFuture[Any] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        return future.result(timeout=15)

    def call(self, function: Callable[[], T]) -> T:
        async def on_loop() -> T:
            return function()

        return self.run(on_loop())

    def address(self, binding: str = "smtp") -> tuple[str, int]:
        return self.listener.address_of(binding)

    def client(self, binding: str = "smtp", **options: Any) -> SmtpClient:
        """A connection that has not read the greeting."""
        return SmtpClient(*self.address(binding), **options)

    def greeted(self, binding: str = "smtp", **options: Any) -> SmtpClient:
        """A connection after EHLO."""
        client = self.client(binding, **options)
        assert client.expect_reply().code == 220
        assert client.command("EHLO client.example").code == 250
        return client

    def send(self, mail_from: str, rcpts: str, data: bytes, **options: Any) -> Sent:
        """One message from 127.0.0.1, or ``source_address``."""
        host, port = self.address()
        return send(host, port, mail_from, rcpts, data, **options)

    def apply(self, document: MailFlow, revision: int = 2) -> None:
        self.run(self.listener.apply(compile_ruleset(document, revision)))

    @property
    def bodies(self) -> list[bytes]:
        """The messages without our Received field, which is the first and has three lines."""
        return [without_trace(message.body or b"") for message in self.intake.messages]

    @property
    def refusals(self) -> list[TrackingEvent]:
        return self.intake.happened(EventId.REFUSE)

    def wait_until(self, condition: Callable[[], object], timeout_s: float = 20.0) -> None:
        until = time.monotonic() + timeout_s
        while not self.call(lambda: bool(condition())):
            assert time.monotonic() < until, "the condition did not come true"
            time.sleep(0.01)


@contextlib.contextmanager
def running(document: MailFlow | None = None, *, loop: str = "uvloop", **options: Any) -> Iterator[Server]:
    """``loop`` names one of LOOPS; further options are Server's and tls_context."""
    event_loop = LOOPS[loop]()
    thread = threading.Thread(target=event_loop.run_forever, name="listener", daemon=True)
    thread.start()
    server = Server(document or mail_flow(), event_loop, **options)
    try:
        server.run(server.listener.start())
        yield server
        server.intake.is_waiting = False
        server.call(server.intake.finish)
    finally:
        server.run(server.listener.drain(0.2))
        event_loop.call_soon_threadsafe(event_loop.stop)
        thread.join(timeout=5)
        event_loop.close()


def without_trace(data: bytes) -> bytes:
    lines = data.split(b"\r\n")
    assert lines[0].startswith(b"Received: from ")
    end = next(i for i, line in enumerate(lines[1:], 1) if not line.startswith(b"\t"))
    return b"\r\n".join(lines[end:])


class Passwords:
    """An Authenticator that knows some; ``is_down`` makes it unable to tell."""

    def __init__(self, **known: str) -> None:
        self.known = known
        self.is_down = False
        self.asked: list[tuple[str, str]] = []

    async def check(self, *, username: str, password: str, peer: str) -> AuthAnswer:
        await asyncio.sleep(0)
        self.asked.append((username, password))
        if self.is_down:
            return AuthAnswer(AuthResult.CANNOT_TELL, reason="no domain controller answers")
        if self.known.get(username) == password:
            return AuthAnswer(
                AuthResult.YES, identity=f"{username}@acme.example", addresses=(f"{username}@acme.example",)
            )
        return AuthAnswer(AuthResult.NO, reason="wrong password")
