"""A next hop in memory that answers as it is told, and a delivery queue that sends to it: no socket, no clock.

What a run shows is all that must not depend on how the dialogue was led: octets, outcomes, events, rows of the spool.
"""

import asyncio
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector
from transport.delivery.capabilities import Capabilities
from transport.delivery.client import Client
from transport.delivery.timeouts import Timeouts
from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.model.outcome import Outcome
from transport.queues.courier import Source
from transport.queues.manager import DeliveryQueues
from transport.spool.batch import Batch
from transport.spool.sqlite_spool import SqliteSpool

NOW = 1_800_000_000.0
YES, CLOSES = b"yes", b"closes"
"""As answers: what is wished for, whatever was asked; the end of the connection."""
MAX_CONNECTIONS = 5


class StillWriter:
    """Keeps what would be written."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.problem = None
        self.batch = Batch()

    def wake(self) -> None: ...

    def wake_lazily(self) -> None: ...


class Peer(asyncio.Transport):
    """``answers`` are given to commands and messages in order; ``cuts`` say how: so many lines with each read, or half
    of what there is for 0."""

    def __init__(self, answers: Iterator[bytes], cuts: Iterator[int]) -> None:
        super().__init__()
        self.heard = b""
        self.has_closed = False
        self._answers = answers
        self._cuts = cuts
        self._unread = b""
        self._says = b""
        self._is_in_data = False
        self._taken = 0

    def write(self, data: Any) -> None:
        self.heard += data
        self._unread += data
        while (end := b"\r\n.\r\n" if self._is_in_data else b"\r\n") in self._unread and not self.has_closed:
            line, _, self._unread = self._unread.partition(end)
            self._answer(is_data=line == b"DATA" and not self._is_in_data)

    def _answer(self, *, is_data: bool) -> None:
        answer = next(self._answers)
        if answer == CLOSES:
            self.has_closed = True
            return
        if answer == YES:
            self._taken += 1
            answer = b"354 go on\r\n" if is_data else b"250 2.0.0 ok %d\r\n" % self._taken
        self._is_in_data = is_data and answer[:1] == b"3"
        self._says += answer

    def writelines(self, list_of_data: Iterable[Any]) -> None:
        self.write(b"".join(list_of_data))

    def abort(self) -> None:
        self._says = b""

    def read(self) -> bytes:
        """What it says next; empty when it has nothing to say."""
        lines = self._says.splitlines(keepends=True)
        cut = next(self._cuts) if lines else 0
        said = b"".join(lines[:cut]) if cut else self._says[: len(self._says) // 2 + 1]
        self._says = self._says[len(said) :]
        return said


@dataclass
class OneConnection:
    """Couriers and Courier of the only queue: one connection at a time, of ``kind``. It notes how each ended, and
    after which of its transactions it could have given way."""

    kind: type[Client]
    capabilities: Capabilities
    answers: Iterator[bytes]
    cuts: Iterator[int]
    max_messages: int = 1000
    note: str = ""
    peers: list[Peer] = field(default_factory=list)
    ended: list[tuple[Outcome | None, bool]] = field(default_factory=list)
    delivered: int = 0
    turns: set[tuple[int, int]] = field(default_factory=set)
    client: Client | None = None

    def open(self, _hop: object, _connector: object, source: Source, *, hostname: str) -> Any:
        self.source = source
        return self

    def bound(self, connections: int | None) -> None: ...

    def wake(self) -> None:
        if self.client is None and self.source.backlog and len(self.peers) < MAX_CONNECTIONS:
            peer = Peer(self.answers, self.cuts)
            self.peers.append(peer)
            self.client = self.kind(asyncio.get_running_loop(), Timeouts(), "sink.example[192.0.2.1]:25")
            self.client.note = self.note
            self.client.connection_made(peer)
            self.client.data_received(b"220 sink.example\r\n")
            self.client.serve(self, self.source, self.capabilities, max_messages=self.max_messages, idle_s=60.0)
        if self.client is not None:
            self.client.run()

    def client_idle(self, client: Client) -> None: ...

    def client_settled(self, client: Client) -> None:
        self.turns.add((len(self.peers), client.settled))

    def client_delivered(self, client: Client, took_s: float) -> None:
        self.delivered += 1
        if client.settled:  # the express way settles before it says so, the careful one after
            self.client_settled(client)

    def client_ended(self, client: Client, outcome: Outcome | None, *, is_failure: bool) -> None:
        self.ended.append((outcome, is_failure))
        self.client = None

    def step(self) -> bool:
        """One read; False when nothing goes on."""
        client = self.client
        if client is None:
            self.wake()
            return self.client is not None
        said = self.peers[-1].read()
        if said:
            client.data_received(said)
        elif self.peers[-1].has_closed:
            client.connection_lost(None)
        return bool(said) or self.peers[-1].has_closed

    async def close(self, timeout_s: float) -> None:
        if self.client is not None:
            self.client.quit()


async def show(spool: SqliteSpool, connection: OneConnection, messages: Sequence[Message]) -> dict[str, Any]:
    """Deliver ``messages``, the first two at once and another with each read; everything that could be seen of it."""
    writer: Any = StillWriter()
    spool._writer = writer
    spool._contents.pending = {message.id: (1 << len(message.recipients)) - 1 for message in messages}
    spool._contents.stated, spool._last_id = set(), 0
    told: list[TrackingEvent] = []

    def submit_dsn(_message: Message, events: Sequence[TrackingEvent]) -> asyncio.Future[None]:
        told.extend(events)
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        done.set_result(None)
        return done

    connector = SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),))
    queues = DeliveryQueues(
        spool=spool, couriers=connection, submit_dsn=submit_dsn, document=document(send_connectors=(connector,)),
        hostname="relay.test", clock=lambda: NOW, chance=lambda: 0.5,
    )  # fmt: skip
    waiting = list(messages)
    for message in waiting[:2]:
        queues.enqueue(message, message.recipients)
    del waiting[:2]
    while connection.step() or waiting:
        if waiting:
            message = waiting.pop(0)
            queues.enqueue(message, message.recipients)
    await queues.drain(0)
    while connection.step():
        pass
    batch = writer.batch
    return {
        "octets": [peer.heard for peer in connection.peers],
        "ended": connection.ended,
        "taken": connection.delivered,
        "turns": connection.turns,
        "recipients": [[(one.status, one.attempts, one.next_attempt_at) for one in m.recipients] for m in messages],
        "rows": (batch.states, batch.removed, batch.stated, batch.events),
        "notifications": [event.to_json() for event in told],
        "left": [(one.message_id, one.state, one.wake_at, one.put_backs) for queue in queues.all() for one in queue],
        "said": [(queue.health.said, queue.health.last_error, queue.active) for queue in queues.all()],
        "counters": queues.counters,
        "memory": queues.memory_used_bytes,
    }
