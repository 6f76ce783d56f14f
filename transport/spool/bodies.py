"""Large bodies, each in a file of its own beside the spool file; small ones are in the ``message`` table.

A file is synced, and its folder, before the row that names it is committed; it is removed after the row is gone.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from transport.model.envelope import decode_queue_id, encode_queue_id

LARGE_BODY_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Piece:
    """Some octets of a body that has ``size_bytes``."""

    octets: bytes
    size_bytes: int


class Bodies:
    """The files of one spool, in ``folder``."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def _path(self, message_id: int) -> Path:
        return self._folder / f"{encode_queue_id(message_id)}.eml"

    def write(self, message_id: int, body: bytes) -> None:
        """Write and sync one body. Raises OSError."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC
        descriptor = os.open(self._path(message_id), flags, 0o600)
        try:
            view = memoryview(body)
            while view:
                view = view[os.write(descriptor, view) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def sync_folder(self) -> None:
        """Make new names durable. Raises OSError."""
        descriptor = os.open(self._folder, os.O_RDONLY | os.O_CLOEXEC)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def read(self, message_id: int) -> bytes:
        """The body. Raises OSError."""
        return self._path(message_id).read_bytes()

    def read_piece(self, message_id: int, offset: int, length: int) -> Piece:
        """Only these octets of the body: it may be large. Raises OSError."""
        with self._path(message_id).open("rb") as file:
            return Piece(os.pread(file.fileno(), length, offset), os.fstat(file.fileno()).st_size)

    def remove(self, message_ids: Iterable[int]) -> None:
        """Remove bodies; one that is gone is fine, and what cannot be removed now is an orphan at the next start."""
        for message_id in message_ids:
            with contextlib.suppress(OSError):
                self._path(message_id).unlink(missing_ok=True)

    def remove_orphans(self, known: set[int], *, up_to: int) -> None:
        """Remove files of a commit that never happened or of messages that are done, with ids up to ``up_to``."""
        for path in self._folder.glob("*.eml"):
            try:
                message_id = decode_queue_id(path.stem)
            except ValueError:
                continue
            if message_id <= up_to and message_id not in known:
                path.unlink(missing_ok=True)
