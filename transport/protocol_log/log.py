"""The protocol logs of a node: sessions write rows, a thread brings them to disk some times a second."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from itertools import count
from pathlib import Path

import structlog

from transport.config.objects import Organization
from transport.protocol_log.files import Bounds, Found, LogFiles
from transport.protocol_log.rows import Mark, Row, encode, stamp

FLUSH_S = 0.3
MAX_WAITING = 50_000
"""Rows that wait for a slow disk; more are dropped and counted: SMTP waits for nobody."""
log = structlog.get_logger(__name__)


class SearchBusy(RuntimeError):
    """One search at a time: it takes a processor from the mail."""


class ProtocolLog:
    """One kind. ``bounds`` may be changed at any time; ``clock`` gives unix seconds."""

    def __init__(self, folder: Path, prefix: str, title: str, clock: Callable[[], float]) -> None:
        self.bounds = Bounds()
        self.clock = clock
        self.lost = 0
        self._files = LogFiles(folder, prefix, title)
        self._thread: ThreadPoolExecutor | None = None
        self._waiting: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def add(self, row: Row) -> None:
        """Keep a row; it is on disk within a second."""
        if len(self._waiting) >= MAX_WAITING:
            self.lost += 1
            return
        self._waiting.append(encode(row))
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        lines, self._waiting = self._waiting, []
        if self._thread is None:
            self._thread = ThreadPoolExecutor(1, thread_name_prefix="protocol-log")
        write = partial(self._files.write, lines, now=self.clock(), bounds=self.bounds)
        loop.run_in_executor(self._thread, write).add_done_callback(self._written)

    def _written(self, done: asyncio.Future[None]) -> None:
        self._timer = None
        error = None if done.cancelled() else done.exception()
        if error is not None:
            log.warning("protocol_log.not_written", reason=str(error))
        if self._waiting:
            self._timer = asyncio.get_running_loop().call_later(FLUSH_S, self._flush)

    def find(self, needle: str, *, since: float, until: float) -> Found:
        """See ``LogFiles.find``. Blocking. Raises OSError."""
        return self._files.find(needle, since=since, until=until)

    def close(self) -> None:
        """Write what waits."""
        if self._timer is not None:
            self._timer.cancel()
        if self._waiting:
            self._files.write(self._waiting, now=self.clock(), bounds=self.bounds)
            self._waiting = []
        if self._thread is not None:
            self._thread.shutdown()


class ProtocolLogs:
    """Those of a node, in ``folder``."""

    def __init__(self, folder: Path, clock: Callable[[], float]) -> None:
        self.receive = ProtocolLog(folder / "receive", "RECV", "SMTP Receive Protocol Log", clock)
        self.send = ProtocolLog(folder / "send", "SEND", "SMTP Send Protocol Log", clock)
        self._searcher = ThreadPoolExecutor(1, thread_name_prefix="protocol-search")
        self._search: Future[Found] | None = None

    def apply(self, organization: Organization) -> None:
        """Keep to its bounds from now on."""
        self.receive.bounds = self.send.bounds = Bounds(
            organization.protocol_log_max_age,
            organization.protocol_log_max_directory_size,
            organization.protocol_log_max_file_size,
        )

    async def find(self, needle: str, *, since: float, until: float) -> Found:
        """See ``LogFiles.find``; what came in first. Raises OSError, SearchBusy."""
        if self._search is not None and not self._search.done():  # also one that nobody waits for any more
            raise SearchBusy("its protocol logs are being searched already: try again in some seconds")
        self._search = self._searcher.submit(self._find, needle, since, until)
        return await asyncio.wrap_future(self._search)

    def _find(self, needle: str, since: float, until: float) -> Found:
        came = self.receive.find(needle, since=since, until=until)
        went = self.send.find(needle, since=since, until=until)
        return Found(came.rows + went.rows, came.is_cut or went.is_cut)

    def close(self) -> None:
        self._searcher.shutdown(wait=False, cancel_futures=True)
        self.receive.close()
        self.send.close()


class ProtocolSession:
    """What one session says to its log."""

    _numbers = count(secrets.randbelow(1 << 31))

    def __init__(self, log: ProtocolLog, connector: str, session_id: str, *, local: str, remote: str) -> None:
        self._log = log
        self._connector = connector
        self._id = session_id or f"S{next(self._numbers):08x}{secrets.token_hex(3)}"
        self.local = local
        self.remote = remote
        self._number = 0

    def note(self, mark: Mark, data: str, context: str = "") -> None:
        number, self._number = self._number, self._number + 1
        self._log.add(
            Row(
                stamp(self._log.clock()),
                self._connector,
                self._id,
                str(number),
                self.local,
                self.remote,
                mark.value,
                data,
                context,
            )
        )

    def lines(self, mark: Mark, octets: bytes) -> None:
        """Each line of what was said, as it is: replies."""
        for line in octets.splitlines():
            self.note(mark, line.decode("utf-8", "backslashreplace"))
