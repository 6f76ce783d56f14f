"""The Spool port on SQLite: 250 means on disk (law 1). All methods run on the engine's loop; writing is a thread's."""

from __future__ import annotations

import asyncio
import sqlite3
import time
import zlib
from asyncio import Future
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from transport.model.envelope import Message
from transport.model.event import EventId, TrackingEvent
from transport.ports import MessageDamaged, OutboxReader, RecipientUpdate, SpoolUnavailable
from transport.spool import rows
from transport.spool.batch import Batch
from transport.spool.bodies import LARGE_BODY_BYTES, Bodies
from transport.spool.failure import is_damage
from transport.spool.outbox import SpoolOutbox
from transport.spool.recovery import Recovered, recover
from transport.spool.salvage import open_or_salvage, salvage
from transport.spool.schema import Readers
from transport.spool.writer import Writer

log = structlog.get_logger(__name__)


class SqliteSpool:
    """The durable queue of one node, in ``folder``: ``spool.sqlite3`` and ``bodies/``."""

    def __init__(self, folder: Path, *, node: str, clock: Callable[[], float] = time.time) -> None:
        self._path = folder / "spool.sqlite3"
        self._clock = clock
        self._node_bits = zlib.crc32(node.encode()) & 0x3FF
        self._last_id = 0
        self._pending: dict[int, int] = {}
        self._stated: set[int] = set()
        self._filed: set[int] = set()
        self._bodies = Bodies(folder / "bodies")
        self._connection, self._salvaged = open_or_salvage(self._path, stamp=int(clock()))
        self._readers = Readers(self._path)
        self._outbox = SpoolOutbox(self._readers, self._acknowledge)
        self._writer: Writer | None = None
        self._is_waking = False

    async def start(self) -> list[Message]:
        """Begin to write; return what was in the spool, in order of arrival, without bodies."""
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(None, self._recover)
        self._writer = Writer(
            self._connection, self._bodies, loop, next_event=found.next_event, on_lazy_failure=self._put_back
        )
        self._writer.start()
        self._tell_damage(found)
        return list(found.messages.values())

    async def stop(self) -> None:
        """Write what is left and close."""
        if self._writer is not None:
            await asyncio.get_running_loop().run_in_executor(None, self._writer.stop)

    @property
    def outbox(self) -> OutboxReader:
        return self._outbox

    @property
    def count(self) -> int:
        """Messages in the spool."""
        return len(self._pending)

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
        writer = self._running()
        body = message.body
        if body is None:
            raise ValueError("a message is committed with its body")
        future: Future[None] = asyncio.get_running_loop().create_future()
        envelope = rows.encode_message(message)
        encoded = [event.to_json() for event in events]
        is_large = len(body) > LARGE_BODY_BYTES
        self._pending[message.id] = _mask(message)
        with writer.lock:
            batch = writer.batch
            batch.messages.append((message.id, envelope, None if is_large else body))
            if is_large:
                batch.files.append((message.id, body))
                self._filed.add(message.id)
            batch.message_events += encoded
            batch.waiting.append(future)
        if not self._is_waking:
            # Once this turn of the loop is over: what other sessions finish in it shares the commit.
            self._is_waking = True
            future.get_loop().call_soon(self._wake, writer)
        future.add_done_callback(lambda done: self._committed(message.id, done))
        return future

    def _wake(self, writer: Writer) -> None:
        self._is_waking = False
        writer.wake()

    def _committed(self, message_id: int, done: Future[None]) -> None:
        if done.cancelled() or done.exception() is not None:
            self._pending.pop(message_id, None)
            self._filed.discard(message_id)

    def update(self, updates: Sequence[RecipientUpdate], events: Sequence[TrackingEvent]) -> None:
        writer = self._running()
        encoded = [event.to_json() for event in events]
        with writer.lock:
            for update in updates:
                self._update_one(writer.batch, update)
            writer.batch.events += encoded
        writer.wake_lazily()

    def _update_one(self, batch: Batch, update: RecipientUpdate) -> None:
        message_id, recipient = update.message_id, update.recipient
        pending = self._pending.get(message_id)
        if pending is None:
            return
        if recipient.status.is_final:
            pending &= ~(1 << recipient.index)
            if not pending:
                self._remove(batch, message_id)
                return
            self._pending[message_id] = pending
        self._stated.add(message_id)
        batch.states.append((message_id, recipient.index, rows.encode_recipient(recipient)))

    def _remove(self, batch: Batch, message_id: int) -> None:
        del self._pending[message_id]
        batch.removed.append((message_id,))
        if message_id in self._stated:
            self._stated.discard(message_id)
            batch.stated.append((message_id,))
        if message_id in self._filed:
            self._filed.discard(message_id)
            batch.filed.append(message_id)

    def rewrite(self, message: Message, events: Sequence[TrackingEvent]) -> None:
        if message.id not in self._pending:
            return
        writer = self._running()
        encoded = [event.to_json() for event in events]
        with writer.lock:
            # A batch writes states after rewrites: states gathered so far are part of what is written now.
            batch = writer.batch
            batch.states = [row for row in batch.states if row[0] != message.id]
            batch.rewritten = [row for row in batch.rewritten if row[1] != message.id]
            batch.rewritten.append((rows.encode_message(message), message.id))
            batch.events += encoded
            self._pending[message.id] = _mask(message)
            if not self._pending[message.id]:
                self._remove(batch, message.id)
        writer.wake_lazily()

    def record(self, events: Sequence[TrackingEvent]) -> None:
        problem = self._running().problem
        if problem is not None:
            raise problem  # nothing of what can be lost may gather in memory for as long as the disk is full
        self.update((), events)

    async def read_body(self, message_id: int) -> bytes:
        return await asyncio.get_running_loop().run_in_executor(None, self._read_body, message_id)

    def _read_body(self, message_id: int) -> bytes:
        try:
            if message_id in self._filed:
                return self._read_file(message_id)
            row = self._readers.get().execute("SELECT body FROM message WHERE id = ?", (message_id,)).fetchone()
        except (sqlite3.Error, OSError) as error:
            if is_damage(error):
                raise MessageDamaged(f"its body cannot be read: {error}") from error
            raise SpoolUnavailable(f"a message cannot be read from the spool: {error}") from error
        if row is None or row[0] is None:
            raise KeyError(message_id)
        return bytes(row[0])

    def _read_file(self, message_id: int) -> bytes:
        try:
            return self._bodies.read(message_id)
        except FileNotFoundError:
            raise KeyError(message_id) from None

    def _running(self) -> Writer:
        if self._writer is None:
            raise SpoolUnavailable("the spool is not open")
        return self._writer

    def _acknowledge(self, up_to: int) -> None:
        writer = self._running()
        with writer.lock:
            writer.batch.acknowledged = max(writer.batch.acknowledged, up_to)
        writer.wake_lazily()

    def _put_back(self, failed: Batch) -> None:
        """After a failed commit: outcomes and events of the failed batch go before those gathered since."""
        writer = self._running()
        stored = {row[0] for row in failed.messages}
        with writer.lock:
            batch = writer.batch
            batch.rewritten = [row for row in failed.rewritten if row[1] not in stored] + batch.rewritten
            batch.states = [row for row in failed.states if row[0] not in stored] + batch.states
            batch.removed = failed.removed + batch.removed
            batch.stated = failed.stated + batch.stated
            batch.filed = failed.filed + batch.filed
            batch.acknowledged = max(failed.acknowledged, batch.acknowledged)
            batch.events = failed.events + batch.events
        writer.wake_lazily()

    def _recover(self) -> Recovered:
        try:
            found = recover(self._connection)
        except sqlite3.Error as error:
            if not is_damage(error):
                raise SpoolUnavailable(f"the spool cannot be read: {error}") from error
            self._connection.close()
            stamp = int(self._clock())
            self._connection, self._salvaged = salvage(self._path, stamp=stamp, reason=str(error))
            found = recover(self._connection)
        self._filed, self._stated = found.filed, found.stated
        self._bodies.remove_orphans(self._filed)
        self._last_id = max((message_id >> 10 for message_id in found.messages), default=0)
        self._pending = {message.id: _mask(message) for message in found.messages.values()}
        log.info("spool.recovered", messages=len(found.messages), damaged=len(found.damaged))
        return found

    def _tell_damage(self, found: Recovered) -> None:
        """What could not be read is written down as set aside, and told once."""
        now, events = self._clock(), []
        if self._salvaged is not None:
            detail = {"folder": self._salvaged.folder.name, "messages": self._salvaged.messages, "level": "High"}
            events.append(TrackingEvent(EventId.SPOOL_DAMAGE, now, reason=self._salvaged.sentence, detail=detail))
        for message, recipient in found.damaged:
            events.append(
                TrackingEvent(
                    EventId.POISON,
                    now,
                    message_id=message.id,
                    recipient=str(recipient.address),
                    reason=recipient.last_reason,
                    detail={"next_hop": str(recipient.next_hop)},
                )
            )
        if events:
            self.update([RecipientUpdate(message.id, recipient) for message, recipient in found.damaged], events)


def _mask(message: Message) -> int:
    """A bit for each recipient that is not final yet."""
    mask = 0
    for recipient in message.recipients:
        if not recipient.status.is_final:
            mask |= 1 << recipient.index
    return mask
