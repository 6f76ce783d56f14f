"""The delivering half of a node without the rest: delivery queues on a spool in memory, with real connections.

async with Delivering(document(sink)) as node:
    message = node.enqueue("b@partner.example")
    await node.until(lambda: sink.received)
"""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from tests.support.memory_spool import MemorySpool
from tests.support.sink import Sink
from tests.support.transport import document
from transport.config.document import MailFlow
from transport.config.objects import AddressSpace, SendConnector, TlsLevel
from transport.delivery.couriers import SmtpCouriers
from transport.delivery.resolver import DnsResolver
from transport.delivery.timeouts import Timeouts
from transport.model.address import Address, parse_mailbox
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import UNREACHABLE, DeliveryType, NextHop
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Job, QueueOrder, Verb
from transport.model.queued import QueuedMessage
from transport.ports.secrets import no_secrets
from transport.queues.control import QueueControl
from transport.queues.manager import DeliveryQueues

BODY = b"From: <a@acme.example>\r\nSubject: hello\r\n\r\n.first\r\n..second\r\nlast\r\n"
FAST = Timeouts(
    connect_s=2, banner_s=2, command_s=2, tls_s=2, mail_s=2, rcpt_s=2, data_s=2, block_s=2, dot_s=2, quit_s=1
)
_ids = itertools.count(1)


def through(sink: Sink, **fields: Any) -> MailFlow:
    """Everything goes to ``sink`` through one send connector with ``fields``."""
    base: dict[str, Any] = {
        "id": "out",
        "name": "Out",
        "address_spaces": (AddressSpace(domain="*"),),
        "tls_level": TlsLevel.NONE,
    }
    base |= {"smart_hosts": (f"{sink.host}:{sink.port}",)} | fields
    return document(send_connectors=(SendConnector(**base),))


class Clock:
    """Unix seconds that pass only when told."""

    def __init__(self, now: float = 1_800_000_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Delivering:
    def __init__(self, document: MailFlow, *, secrets: Any = no_secrets, **options: Any) -> None:
        self.document = document
        self.clock = Clock()
        self.spool = MemorySpool()
        self.dsns: list[Message] = []
        self.rerouted: list[tuple[Message, list[Recipient]]] = []
        self._secrets = secrets
        self._resolver = options.pop("resolver", None)
        self._ca_file = options.pop("ca_file", None)
        self._couriers = {k: options.pop(k) for k in ("certificates", "dns", "https_port") if k in options}
        self._timeouts = options.pop("timeouts", FAST)
        self._options = options

    async def __aenter__(self) -> Self:
        couriers = SmtpCouriers(
            resolver=self._resolver or DnsResolver(nameservers=["127.0.0.1"], dns_port=9),
            secrets=self._secrets,
            ca_file=self._ca_file,
            timeouts=self._timeouts,
            **self._couriers,
        )
        self.queues = DeliveryQueues(
            spool=self.spool,
            couriers=couriers,
            submit_dsn=self._submit_dsn,
            document=self.document,
            hostname="relay.test",
            clock=self.clock,
            reroute=lambda message, recipients: self.rerouted.append((message, recipients)),
            chance=lambda: 0.5,
            **self._options,
        )
        self.control = QueueControl(self.queues, self.spool, self.clock)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.queues.drain(1)

    def _submit_dsn(self, message: Message, events: Sequence[TrackingEvent]) -> asyncio.Future[None]:
        future = self.spool.commit(message, events)
        if not self.spool.is_failing:
            self.dsns.append(message)
        return future

    def message(self, *recipients: str, body: bytes = BODY, sender: str = "a@acme.example", **fields: Any) -> Message:
        """A message of the spool, on its way to the first send connector."""
        hop = fields.pop("next_hop", None) or self.hop()
        notify = fields.pop("notify", frozenset())
        base: dict[str, Any] = {
            "id": next(_ids), "size_bytes": len(body), "received_at": self.clock(), "session_id": "s",
            "expires_at": self.clock() + self.document.organization.message_expiration_timeout,
            "peer": "192.0.2.9", "helo": "client.example", "identity": "", "connector_id": "default", "revision": 1,
        }  # fmt: skip
        message = Message(
            envelope_sender=parse_mailbox(sender) if sender else Address("", ""),
            recipients=[
                Recipient(i, parse_mailbox(r), parse_mailbox(r), next_hop=hop, notify=notify)
                for i, r in enumerate(recipients)
            ],
            **{**base, **fields},
            body=body,
        )
        self.spool.bodies[message.id] = body
        return message

    def enqueue(self, *recipients: str, **fields: Any) -> Message:
        message = self.message(*recipients, **fields)
        self.queues.enqueue(message, message.recipients)
        return message

    def hop(self) -> NextHop:
        if not self.document.send_connectors:
            return UNREACHABLE
        connector = self.document.send_connectors[0]
        if connector.smart_hosts:
            return NextHop(DeliveryType.SMART_HOST_CONNECTOR, ",".join(connector.smart_hosts), connector.id)
        return NextHop(DeliveryType.DNS_CONNECTOR, "partner.example", connector.id)

    async def order(self, verb: Verb, wanted: QueueFilter | None = None, **fields: Any) -> Job:
        """Carry out an operator's order, to its end."""
        order = QueueOrder(verb, wanted or QueueFilter(), by="olga", **fields)
        job = await self.control.start(order)
        await self.until(lambda: job.is_finished)
        return job

    async def listed(self, **criteria: Any) -> list[QueuedMessage]:
        """What an operator sees under a filter."""
        return list((await self.control.page(QueueFilter(**criteria), offset=0, limit=100)).rows)

    @property
    def snapshot(self) -> Any:
        return self.queues.snapshot(self.clock())[0]

    async def until(self, condition: Callable[[], object], *, timeout_s: float = 20.0) -> None:
        """Wait until ``condition`` holds; fails with what happened."""
        deadline = asyncio.get_running_loop().time() + timeout_s
        while not condition():
            if asyncio.get_running_loop().time() > deadline:
                told = [(e.event.value, e.recipient, e.reply, e.reason) for e in self.spool.events]
                raise AssertionError(f"it did not happen within {timeout_s} s; events: {told}")
            await asyncio.sleep(0.005)

    async def until_event(self, event: EventId, count: int = 1, **kwargs: Any) -> list[TrackingEvent]:
        await self.until(lambda: len(self.spool.happened(event)) >= count, **kwargs)
        return self.spool.happened(event)

    async def first_attempt(self, *, timeout_s: float = 20.0) -> TrackingEvent:
        """What came of the first attempt to deliver anything."""
        kinds = (EventId.SEND, EventId.DEFER, EventId.FAIL, EventId.EXPIRE)
        await self.until(lambda: any(e.event in kinds for e in self.spool.events), timeout_s=timeout_s)
        return next(e for e in self.spool.events if e.event in kinds)

    async def pass_time(self, seconds: float) -> None:
        """Let the clock advance; do what is due then."""
        self.clock.now += seconds
        self.queues.run_due()
        await self.queues.sweep()
