"""The thread that writes the spool: takes what has gathered, commits it in one group, tells who waits."""

from __future__ import annotations

import contextlib
import sqlite3
import threading
from asyncio import AbstractEventLoop
from collections.abc import Callable

import structlog

from transport.ports import SpoolUnavailable, Stored
from transport.spool.batch import Batch
from transport.spool.failure import unavailable
from transport.spool.store import Store

LAZY_S = 0.02
"""How long outcomes and events wait for company when nobody waits for them."""

FAILURE_PAUSE_S = 1.0
log = structlog.get_logger(__name__)


class Writer:
    """Owns the connection. ``batch`` is filled on the loop under ``lock`` and swapped for an empty one here.

    ``problem`` says why the last commit failed; None when it did not. ``forget`` is told, on the loop, what was not
    stored.
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
        self._connection = connection
        self._store = store
        self._loop = loop
        self._on_lazy_failure = on_lazy_failure
        self._forget = forget
        self._awake = threading.Event()
        self._is_timed = False
        self._is_stopping = False
        self.problem: SpoolUnavailable | None = None
        self._thread = threading.Thread(target=self._run, name="spool-writer", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Somebody waits for the batch to be on disk."""
        # Setting an event costs a lock and a wake-up. One that is set still will be cleared before the batch is taken.
        if not self._awake.is_set():
            self._awake.set()

    def wake_lazily(self) -> None:
        """There is something to write, but nobody waits for it; on the loop. It goes with a commit that is waited for,
        or with those of the next 20 ms: the thread is not woken to wait for them."""
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

    def stop(self) -> None:
        """Write what is left, then close. Blocks until done."""
        self._is_stopping = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join()
        try:
            self._store.close()
        except (sqlite3.Error, OSError) as error:  # the next start reads the journal
            log.error("spool.journal_left", reason=str(error))
        self._connection.close()

    def _run(self) -> None:
        while True:
            self._awake.wait()
            self._awake.clear()
            with self.lock:
                batch, self.batch = self.batch, Batch()
            if not batch.is_empty:
                self._commit(batch)
            elif self._is_stopping:
                return
            if self._is_stopping:
                self._awake.set()

    def _commit(self, batch: Batch) -> None:
        message_ids = [row[0] for row in batch.messages]
        try:
            self._store.write(batch)
        except Exception as error:  # whatever it is, nobody may wait for ever and nobody be told 250
            log.error("spool.commit_failed", reason=str(error))
            self.problem = unavailable(error)
            self._finish(batch, message_ids, self.problem)
            self._retry_lazy_part(batch)
            return
        self.problem = None
        self._finish(batch, message_ids, None)

    def _retry_lazy_part(self, batch: Batch) -> None:
        """Messages that were not stored are refused (451); outcomes and events stay for the next batch."""
        if self._is_stopping:
            return
        self._on_lazy_failure(batch)
        threading.Event().wait(FAILURE_PAUSE_S)

    def _finish(self, batch: Batch, message_ids: list[int], error: SpoolUnavailable | None) -> None:
        if batch.waiting and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._tell_all, batch.waiting, message_ids, error)

    def _tell_all(self, waiting: list[Stored], message_ids: list[int], error: SpoolUnavailable | None) -> None:
        if error is not None:
            self._forget(message_ids)
        for stored in waiting:
            try:
                stored(error)
            except Exception:  # one that fails keeps nobody else waiting
                log.exception("spool.telling_failed")
