"""Commits what has gathered for the spool in one group, one group after the other, and tells who waits.

What only the journal takes, as nearly all mail, is written here, on the loop, and the kernel tells when it is synced
(``kernel_sync.py``). All that may take its time is a thread's: the database, files, large groups, a disk that is slow
to take what is written, and everything where the kernel does not sync that way.
"""

from __future__ import annotations

import contextlib
import resource
import sqlite3
import sys
import threading
from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from functools import partial
from queue import SimpleQueue

import structlog

from transport.ports.spool import SpoolUnavailable
from transport.spool.batch import Batch
from transport.spool.failure import unavailable
from transport.spool.kernel_sync import KernelSync, open_kernel_sync
from transport.spool.store import Appended, NotWritten, Store

LAZY_S = 0.02
"""How long outcomes and events wait for company when nobody waits for them."""

FAILURE_PAUSE_S = 1.0
LARGE_GROUP_BYTES = 128 * 1024
"""To copy more than this would keep the loop for too long."""

GATHER_TURNS = 3
"""For so many turns of the loop a group waits for company, as long as each turn brings some."""

SLOW_S = 0.1
"""A disk that keeps us waiting for longer before it takes what is written (it is not even synced) is left to the
thread ..."""

SLOW_PAUSE_S = 10.0
"""... for so long."""

log = structlog.get_logger(__name__)


class Writer:
    """Owns connection and store. ``batch`` is filled under ``lock`` and swapped for an empty one on the loop.

    ``problem`` says why the last commit failed; None when it did not. ``forget`` is told what was not stored,
    ``on_lazy_failure`` of the batch that failed. All methods but ``wake_lazily_from_thread`` are for the loop.
    """

    def __init__(
        self,
        connection: sqlite3.Connection,
        store: Store,
        loop: AbstractEventLoop,
        *,
        on_lazy_failure: Callable[[Batch], None],
        forget: Callable[[list[int]], None],
    ) -> None:
        self.lock = threading.Lock()
        self.batch = Batch()
        self.problem: SpoolUnavailable | None = None
        self._connection = connection
        self._store = store
        self._loop = loop
        self._on_lazy_failure = on_lazy_failure
        self._forget = forget
        self._kernel: KernelSync | None = None
        self._slow_until = 0.0
        self._gathered = self._turns_left = 0
        self._is_crowded = False
        self._is_timed = self._is_busy = self._is_wanted = self._is_stopping = False
        self._rest: Future[None] = loop.create_future()
        self._for_thread: SimpleQueue[Batch | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)

    def start(self) -> None:
        self._kernel = open_kernel_sync(self._loop)
        self._thread.start()

    def wake(self) -> None:
        """Somebody waits for the batch to be on disk. It is written once this turn of the loop is over: what other
        sessions finish in it shares the commit; what comes while a commit runs is in the next one."""
        if not self._is_wanted:
            self._is_wanted = True
            if not self._is_busy:
                self._soon()

    def wake_lazily(self) -> None:
        """There is something to write, but nobody waits for it. It goes with a commit that is waited for, or with those
        of the next 20 ms."""
        if not self._is_timed:
            self._is_timed = True
            self._loop.call_later(LAZY_S, self._due)

    def wake_lazily_from_thread(self) -> None:
        """The same from any other thread."""
        with contextlib.suppress(RuntimeError):  # the loop is closed: what is left was written by ``stop``
            self._loop.call_soon_threadsafe(self.wake_lazily)

    def _due(self) -> None:
        self._is_timed = False
        if not self.batch.is_empty:
            self.wake()

    async def stop(self) -> None:
        """Write what is left, then close."""
        self._is_stopping = True
        self.wake()
        await self._rest
        if self._kernel is not None:
            self._kernel.close()
            self._kernel = None
        await self._loop.run_in_executor(None, self._close)

    def _close(self) -> None:
        self._for_thread.put(None)
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._store.close()
        except (sqlite3.Error, OSError) as error:  # the next start reads the journal
            log.error("spool.journal_left", reason=str(error))
        self._connection.close()

    def _soon(self) -> None:
        self._gathered, self._turns_left = 0, GATHER_TURNS if self._is_crowded else 0
        self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        gathered = len(self.batch.messages)
        if self._turns_left and gathered > self._gathered:
            self._gathered = gathered
            self._turns_left -= 1
            self._loop.call_soon(self._begin)
            return
        self._is_wanted = False
        self._is_crowded = gathered > 1  # who is alone is not kept waiting
        with self.lock:
            batch, self.batch = self.batch, Batch()
        if batch.is_empty:
            if self._is_stopping and not self._rest.done():
                self._rest.set_result(None)
            return
        self._is_busy = True
        if self._kernel is None or batch.size_bytes > LARGE_GROUP_BYTES or not self._append(self._kernel, batch):
            self._for_thread.put(batch)

    def _append(self, kernel: KernelSync, batch: Batch) -> bool:
        """Write it to the journal and have it synced; False where that is for the thread."""
        began_at, waited = self._loop.time(), _times_waited()
        if began_at < self._slow_until:
            return False
        try:
            appended = self._store.append(batch)
            if appended is None:
                return False
            if appended.length:
                kernel.begin(appended.descriptor, partial(self._synced, batch, appended))
            else:
                self._loop.call_soon(self._synced, batch, appended, None)
        except Exception as error:  # the thread tries the same again, and says so if it cannot
            log.warning("spool.left_to_thread", reason=str(error))
            self._slow_until = began_at + SLOW_PAUSE_S
            return False
        took_s = self._loop.time() - began_at
        if took_s > SLOW_S and _times_waited() > waited:
            self._slow_until = began_at + SLOW_PAUSE_S
        return True

    def _synced(self, batch: Batch, appended: Appended, error: OSError | None) -> None:
        failure: Exception | None = error
        try:
            if error is None:
                self._store.synced(batch, appended)
            else:
                self._store.not_synced()
        except Exception as unexpected:  # as in ``_run``: nobody may wait for ever
            failure = unexpected
        self._ended(batch, failure)

    def _run(self) -> None:
        while (batch := self._for_thread.get()) is not None:
            failure: BaseException | None = None
            try:
                self._store.write(batch)
            except NotWritten as error:
                batch, failure = error.left, error.__cause__ or error
            except Exception as error:  # whatever it is, nobody may wait for ever and nobody be told 250
                failure = error
            with contextlib.suppress(RuntimeError):  # the loop is closed
                self._loop.call_soon_threadsafe(self._ended, batch, failure)

    def _ended(self, batch: Batch, failure: BaseException | None) -> None:
        """Tell who waits, and go on with what has gathered meanwhile."""
        self.problem = None
        if failure is not None:
            log.error("spool.commit_failed", reason=str(failure))
            self.problem = unavailable(failure)
            self._forget([row[0] for row in batch.messages])
        for stored in batch.waiting:
            try:
                stored(self.problem)
            except Exception:  # one that fails keeps nobody else waiting
                log.exception("spool.telling_failed")
        if failure is not None and (batch.messages or not self._is_stopping):
            # Messages that were not stored are refused (451); outcomes and events stay for the next batch. At the end
            # they have one more chance where messages were in their way: what is lost of them is delivered again.
            self._on_lazy_failure(batch)
        if failure is None or self._is_stopping:
            self._go_on()
        else:
            self._loop.call_later(FAILURE_PAUSE_S, self._go_on)

    def _go_on(self) -> None:
        self._is_busy = False
        if self._is_wanted or self._is_stopping:
            self._is_wanted = True
            self._soon()


def _times_waited() -> int:
    """How often this thread waited for something. While others have the processor it waits for nothing."""
    return resource.getrusage(resource.RUSAGE_THREAD).ru_nvcsw if sys.platform == "linux" else 0
