"""A whole node in the test's process: the real TransportService on loopback, on a loop and thread of its own.

with Transport(tmp_path, document(sink)) as transport:
    transport.send("a@acme.example", ["b@partner.example"], b"...")
"""

import asyncio
import contextlib
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

import uvloop

from tests.support.memory_spool import told_apart
from tests.support.sink import Sink
from tests.support.smtp import Sent, send
from transport.config.document import MailFlow, initial_document
from transport.config.objects import AcceptedDomain, AddressSpace, Organization, RelayPolicy, SendConnector
from transport.model.event import TrackingEvent
from transport.ports.node import ListenAddress, Ports
from transport.service.engine import TransportService

T = TypeVar("T")


def document(sink: Sink | None = None, *, relay_from: str = "", **sections: Any) -> MailFlow:
    """acme.example is accepted; everything goes to ``sink``; ``relay_from`` may relay anywhere."""
    host = f"{sink.host}:{sink.port}" if sink else "127.0.0.1:1"
    policy = RelayPolicy(
        id="test",
        name="Test",
        networks=(relay_from or "192.0.2.1",),
        owner="test",
        purpose="test",
        is_broad_override=True,
    )
    base: dict[str, Any] = {
        "organization": Organization(hostname="relay.test", retry_ladder="1s*30, 2s..."),
        "accepted_domains": (AcceptedDomain(id="acme", name="acme.example", domain="acme.example"),),
        "send_connectors": (
            SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), smart_hosts=(host,)),
        ),
        "relay_policies": (policy,) if relay_from else (),
    }
    patient = {"tarpit_interval": 0, "auth_tarpit_interval": 0}
    connectors = [c.model_copy(update=patient) for c in initial_document().receive_connectors]
    return MailFlow.model_validate({"receive_connectors": tuple(connectors), **base, **sections})


class Transport:
    """Starts on entering, drains on leaving; ``crash`` ends it as a kill would, as far as one process can."""

    def __init__(
        self, home: Path, config: MailFlow, *, ports: Ports | None = None, port: int = 0, node: str = "transport-1"
    ) -> None:
        self.home = home
        self._loop = uvloop.new_event_loop()  # as the product does
        self._thread = threading.Thread(target=self._loop.run_forever, name="transport", daemon=True)
        self.service = TransportService(
            node=node,
            home=home,
            listen=(ListenAddress("smtp", "127.0.0.1", port), ListenAddress("submission", "127.0.0.1", 0)),
            document=config,
            revision=1,
            ports=ports or Ports(),
        )

    def __enter__(self) -> Self:
        self._thread.start()
        self.run(self.service.start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(TimeoutError):
            self.run(self.service.drain(timeout_s=4))
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=5)
        self._loop.close()

    def address(self, binding: str = "smtp") -> tuple[str, int]:
        """Where a binding listens."""
        listener = self.service._parts.listener
        assert listener is not None
        return listener.address_of(binding)

    def send(self, sender: str, recipients: list[str], data: bytes, **options: Any) -> Sent:
        """Send one message from 127.0.0.1, or ``source_address``."""
        host, port = self.address()
        return send(host, port, sender, recipients, data, **options)

    def run(self, coroutine: Any) -> Any:
        """Run a coroutine on the service's loop and return its result."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(timeout=15)

    def call(self, function: Callable[[], T]) -> T:
        """Call a function on the service's loop and return its result."""

        async def on_loop() -> T:
            return function()

        return self.run(on_loop())

    def reload(self, config: MailFlow, revision: int = 2) -> None:
        self.run(self.service.reload(document=config, revision=revision))

    def events(self) -> list[TrackingEvent]:
        """What the outbox holds."""
        read = self.service.outbox.read(after=0, limit=100_000)
        return [one for _, event in read for one in told_apart(TrackingEvent.from_json(event))]
