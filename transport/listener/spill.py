"""Messages on their way in that were moved to disk, as memory was short. The thread here only writes, reads and closes,
in the order of asking: a file is never closed under a write."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO


class SpillFolder:
    """Files without a name in ``folder`` (None: where the system keeps such): they are gone with the process."""

    def __init__(self, folder: Path | None) -> None:
        self._folder = folder
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="spill")

    def new(self) -> Spilled:
        return Spilled(self._folder, self._thread)

    def close(self) -> None:
        self._thread.shutdown(wait=False)


class Spilled:
    """What of one message is on disk; ``size_bytes`` of it."""

    def __init__(self, folder: Path | None, thread: ThreadPoolExecutor) -> None:
        self._folder = folder
        self._thread = thread
        self._file: IO[bytes] | None = None
        self.size_bytes = 0

    async def add(self, octets: bytes | bytearray) -> None:
        """Write at the end. Raises OSError."""
        self.size_bytes += len(octets)
        await asyncio.get_running_loop().run_in_executor(self._thread, self._add, octets)

    def _add(self, octets: bytes | bytearray) -> None:
        if self._file is None:
            if self._folder is not None:
                self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._file = tempfile.TemporaryFile(dir=self._folder, buffering=0)  # noqa: SIM115
        left = memoryview(octets)
        while left:
            left = left[self._file.write(left) :]

    async def read(self) -> bytes:
        """All of it. Raises OSError."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, self._read)

    def _read(self) -> bytes:
        if self._file is None:
            return b""
        self._file.seek(0)
        return self._file.read()

    def discard(self) -> None:
        """Forget it, once what was asked for before is done."""
        with contextlib.suppress(RuntimeError):  # the node has stopped: the file is gone with its last reference
            self._thread.submit(self._close)

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None
