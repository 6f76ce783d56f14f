"""The Spool port on SQLite: 250 means on disk (law 1). All methods run on the engine's loop."""

from __future__ import annotations

import asyncio
import time
import zlib
from asyncio import Future
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import structlog

from transport.model.envelope import Message
from transport.model.event import TrackingEvent
from transport.ports.spool import OutboxReader, RecipientUpdate, SpoolUnavailable, Stored
from transport.spool import rows, telling
from transport.spool.backlog import Backlog
from transport.spool.batch import Batch
from transport.spool.bodies import LARGE_BODY_BYTES, Bodies, Piece
from transport.spool.contents import Contents, Watcher
from transport.spool.opening import Opening, open_spool
from transport.spool.outbox import SpoolOutbox
from transport.spool.reading import Reading
from transport.spool.recent import Recent
from transport.spool.recovery import Recovered, mask
from transport.spool.salvage import open_or_salvage
from transport.spool.schema import Readers
from transport.spool.store import Store
from transport.spool.writer import Writer

PATIENCE_S = 2.0
"""How long the start reads what is in the spool; the rest is read beside new mail."""

log = structlog.get_logger(__name__)


class SqliteSpool:
    """The durable queue of one node, in ``folder``: ``journal-*``, ``spool.sqlite3`` and ``bodies/``."""

    def __init__(self, folder: Path, *, node: str, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / "spool.sqlite3"
        self._clock = clock
        self._node_bits = zlib.crc32(node.encode()) & 0x3FF
        self._last_id = self._last_found = 0
        self._contents = Contents()
        self._bodies = Bodies(folder / "bodies")
        self._connection, self._salvaged = open_or_salvage(self._path, stamp=int(clock()))
        self._readers = Readers(self._path)
        self._recent = Recent()
        self._outbox = SpoolOutbox(self._readers, self._recent, self._acknowledge)
        self._store: Store | None = None
        self._writer: Writer | None = None
        self._reading: Reading | None = None
        self._backlog: Backlog | None = None
        self.identity = 0

    async def start(self, *, patience_s: float = PATIENCE_S) -> list[Message]:
        """Begin to write; return what was in the spool, in order of arrival, without bodies: as much as can be read in
        ``patience_s``, the rest comes with ``more``. Raises SpoolUnavailable."""
        loop = asyncio.get_running_loop()
        opening = await loop.run_in_executor(None, self._open, patience_s)
        self._connection, self._backlog, self.identity = opening.connection, opening.backlog, opening.identity
        self._last_found, self._last_id = opening.last_id, opening.last_id >> 10
        self._store = Store(
            self._connection, self._bodies, self._path.parent, self._recent, next_event=opening.next_event
        )
        self._reading = Reading(self._contents, self._store.journal, self._readers, self._bodies)
        self._writer = Writer(
            self._connection,
            self._store,
            loop,
            on_lazy_failure=self._put_back,
            forget=self._contents.forget,
        )
        self._writer.start()
        if opening.salvaged is not None:
            self.update((), [telling.of_salvage(opening.salvaged, self._clock())])
        if opening.damage is not None:
            self.update((), [telling.of_journal(opening.damage, self._clock())])
        messages = [message for piece in opening.found for message in self._take_over(piece)]
        if opening.backlog.is_over:
            self._backlog = None
            await self._remove_orphans()
        log.info("spool.recovered", messages=len(messages), is_all=self.is_read)
        return messages

    def _open(self, patience_s: float) -> Opening:
        stamp = int(self._clock())
        return open_spool(
            self._connection, self._salvaged, self._path, self._readers, stamp=stamp, patience_s=patience_s
        )

    def tell(self, watcher: Watcher | None) -> None:
        """Tell it, and nobody else, how messages come to their end."""
        self._contents.watcher = watcher

    @property
    def is_read(self) -> bool:
        """Whether all that was in the spool at start is known."""
        return self._backlog is None or self._backlog.is_over

    async def more(self) -> AsyncIterator[list[Message]]:
        """What ``start`` had no time for, in pieces. Raises SpoolUnavailable."""
        backlog = self._backlog
        if backlog is None:
            return
        while not backlog.is_over:
            yield self._take_over(await asyncio.get_running_loop().run_in_executor(None, backlog.next))
        await self._remove_orphans()
        if backlog.is_damaged:
            self.update((), [telling.of_part(self._clock())])

    def _take_over(self, found: Recovered) -> list[Message]:
        """These messages are in our care from now on."""
        self._contents.take_over(found)
        if found.damaged:
            updates = [RecipientUpdate(message.id, recipient) for message, recipient in found.damaged]
            self.update(updates, telling.of_records(found, self._clock()))
        return list(found.messages.values())

    async def _remove_orphans(self) -> None:
        remove = partial(self._bodies.remove_orphans, set(self._contents.filed), up_to=self._last_found)
        await asyncio.get_running_loop().run_in_executor(None, remove)

    async def stop(self) -> None:
        """Write what is left and close."""
        if self._writer is not None:
            await self._writer.stop()

    @property
    def outbox(self) -> OutboxReader:
        return self._outbox

    @property
    def count(self) -> int:
        """Messages in the spool."""
        return len(self._contents.pending)

    @property
    def problem(self) -> str:
        """Why nothing can be stored now; empty when the last commit succeeded."""
        return str(self._writer.problem) if self._writer is not None and self._writer.problem is not None else ""

    def probe(self) -> None:
        """Write something small, to see whether ``problem`` is over."""
        writer = self._running()
        with writer.lock:
            writer.batch.probed_at = int(self._clock())
        writer.wake_lazily()

    def new_id(self) -> int:
        """Milliseconds, a counter of 12 bits, 10 bits of the node: rising, never given out before by this node."""
        stamp = (int(self._clock() * 1000) - rows.EPOCH_MS) << 12
        self._last_id = max(stamp, self._last_id + 1)
        return self._last_id << 10 | self._node_bits

    def commit(self, message: Message, events: Sequence[TrackingEvent]) -> Future[None]:
        future: Future[None] = asyncio.get_running_loop().create_future()
        self.commit_then(message, events, partial(_resolve, future))
        return future

    def commit_then(self, message: Message, events: Sequence[TrackingEvent], then: Stored) -> None:
        body = message.body
        if body is None:
            raise ValueError("a message is committed with its body")
        encoded = [event.to_json() for event in events]
        self.store_then(message.id, rows.encode_message(message), body, mask(message), encoded, then)

    def store(
        self, message_id: int, envelope: str, body: bytes, *, pending: int, events: Sequence[bytes] = ()
    ) -> Future[None]:
        """``commit`` of what is encoded already; ``pending`` has a bit for each recipient to be delivered to."""
        future: Future[None] = asyncio.get_running_loop().create_future()
        self.store_then(message_id, envelope, body, pending, events, partial(_resolve, future))
        return future

    def store_then(
        self, message_id: int, envelope: str, body: bytes, pending: int, events: Sequence[bytes], then: Stored
    ) -> None:
        """``store`` without a future, as ``commit_then``."""
        writer = self._running()
        self._contents.pending[message_id] = pending
        is_large = len(body) > LARGE_BODY_BYTES
        with writer.lock:
            batch = writer.batch
            batch.messages.append((message_id, envelope, None if is_large else body))
            if is_large:
                batch.files.append((message_id, body))
                self._contents.filed.add(message_id)
            batch.message_events += events
            batch.waiting.append(then)
        writer.wake()

    def update(self, updates: Sequence[RecipientUpdate], events: Sequence[TrackingEvent]) -> None:
        writer = self._running()
        encoded = [event.to_json() for event in events]
        with writer.lock:
            for update in updates:
                self._contents.settle(writer.batch, update)
            for update in updates:  # of a message that is done now, nothing more is written
                if update.message_id in self._contents.pending:
                    self._contents.state(writer.batch, update)
            writer.batch.events += encoded
        writer.wake_lazily()

    def finish(self, message: Message, event: TrackingEvent) -> None:
        writer = self._running()
        encoded = event.to_json()
        with writer.lock:
            batch = writer.batch
            if message.id in self._contents.pending:
                self._contents.remove(batch, message.id)
            batch.events.append(encoded)
        writer.wake_lazily()

    def holds(self, message_id: int) -> bool:
        """Whether the message is in the spool; what is not read yet (``is_read``) is not seen."""
        return message_id in self._contents.pending

    def ids(self) -> list[int]:
        """Every message in the spool that was read, in order."""
        return list(self._contents.pending)

    def discard(self, message_ids: Iterable[int], events: Sequence[TrackingEvent] = ()) -> None:
        """Remove whole messages, lazily: they are in another's care."""
        writer = self._running()
        encoded = [event.to_json() for event in events]
        with writer.lock:
            for message_id in message_ids:
                if message_id in self._contents.pending:
                    self._contents.remove(writer.batch, message_id)
            writer.batch.events += encoded
        writer.wake_lazily()

    def rewrite(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        if message.id not in self._contents.pending:
            return
        writer = self._running()
        encoded = [event.to_json() for event in events]
        with writer.lock:
            self._contents.rewrite(writer.batch, message)
            writer.batch.events += encoded
        writer.wake_lazily()

    def record(self, events: Sequence[TrackingEvent]) -> None:
        problem = self._running().problem
        if problem is not None:
            raise problem  # nothing of what can be lost may gather in memory for as long as the disk is full
        self.update((), events)

    def written(self) -> Future[None]:
        writer = self._running()
        future: Future[None] = asyncio.get_running_loop().create_future()
        with writer.lock:
            writer.batch.waiting.append(partial(_resolve, future))
        writer.wake_lazily()
        return future

    def read_message(self, message_id: int) -> Message:
        return self._stored().message(message_id)

    def read_messages(self, message_ids: Sequence[int]) -> dict[int, Message]:
        return self._stored().messages(message_ids)

    async def read_body(self, message_id: int) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(None, self._stored().body, message_id)

    async def read_piece(self, message_id: int, offset: int, length: int) -> Piece:
        """Some octets of a body. Raises as ``read_body``."""
        return await asyncio.get_running_loop().run_in_executor(None, self._stored().piece, message_id, offset, length)

    def _stored(self) -> Reading:
        if self._reading is None:
            raise SpoolUnavailable("the spool is not open")
        return self._reading

    def _running(self) -> Writer:
        if self._writer is None:
            raise SpoolUnavailable("the spool is not open")
        return self._writer

    def _acknowledge(self, up_to: int) -> None:
        writer = self._running()
        with writer.lock:
            writer.batch.acknowledged = max(writer.batch.acknowledged, up_to)
        writer.wake_lazily_from_thread()

    def _put_back(self, failed: Batch) -> None:
        """After a failed commit."""
        writer = self._running()
        with writer.lock:
            writer.batch.put_back(failed)
        writer.wake_lazily()


def _resolve(future: Future[None], error: SpoolUnavailable | None) -> None:
    if future.done():
        return
    if error is None:
        future.set_result(None)
    else:
        future.set_exception(error)
