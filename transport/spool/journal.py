"""Two files, used in turn, that take whole commits with one write and one sync.

Most messages are gone again, and their events shipped, before their file's turn comes again: these never reach the
database. What is still there then is moved (``store.py``). Written by the spool's writer alone; read from any thread.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from errno import EIO
from pathlib import Path
from zlib import crc32

from transport.spool.frames import PAGE, Kind, Record, encode

SEGMENT_BYTES = 16 << 20
AHEAD_BYTES = 1 << 18
"""So much of a new file is filled before it is needed: where a write makes the file longer, the file system commits
that too, which takes twice as long."""

NAMES = ("journal-0", "journal-1")
_PARTS_AT_ONCE = 1000  # IOV_MAX is 1024
SALT_BITS = 62
UNUSED = -1
"""The number of a segment in which nothing counts."""


@dataclass(slots=True)
class Place:
    """Where a message stands in a segment. ``is_filed``: its body is a file."""

    descriptor: int
    at: int
    head_length: int
    body_length: int
    head_check: int
    body_check: int
    is_filed: bool

    def head(self) -> bytes | None:
        """The envelope; None where it is not there any more as it was written. Raises OSError."""
        head = read(self.descriptor, self.head_length, self.at)
        return head if head is not None and crc32(head) == self.head_check else None

    def body(self) -> bytes | None:
        """The message; None as for ``head``. Raises OSError."""
        body = read(self.descriptor, self.body_length, self.at + self.head_length)
        return body if body is not None and crc32(body) == self.body_check else None


@dataclass(slots=True)
class Segment:
    """One of the files. ``number`` rises with each use; ``live`` are the messages in it that still need something.

    What is written ends at ``end``, the file not before ``filled``."""

    path: Path
    descriptor: int = -1
    number: int = 0
    salt: int = 0
    end: int = 0
    filled: int = 0
    live: dict[int, Place] = field(default_factory=dict)

    def begin(self, number: int, salt: int) -> None:
        """Forget what is in it: from now on it is another, as the database has it already."""
        self.number, self.salt, self.end = number, salt, 0
        self.live = {}

    def open(self) -> None:
        """Raises OSError."""
        if self.descriptor < 0:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                self.filled = os.fstat(descriptor).st_size
                _sync_folder(self.path.parent)
            except OSError:
                os.close(descriptor)
                raise
            self.descriptor = descriptor  # only now: a file whose name is not on disk is lost with all that is in it

    def write(self, parts: Sequence[bytes]) -> None:
        """Write at the end; nothing of it counts before it is synced, and ``end`` moved. Raises OSError."""
        at = self.end
        for first in range(0, len(parts), _PARTS_AT_ONCE):
            at += _write_all(self.descriptor, parts[first : first + _PARTS_AT_ONCE], at)
        if at > self.filled:
            self._fill(at)

    def _fill(self, at: int) -> None:
        """Zeros behind what is written. A disk without room for them may have room for mail."""
        self.filled = at
        ahead = min(AHEAD_BYTES, SEGMENT_BYTES - at)
        if ahead > 0:
            with contextlib.suppress(OSError):
                self.filled += os.pwrite(self.descriptor, bytes(ahead), at)

    def blot(self) -> None:
        """What could not be synced may reach the disk all the same: whoever sent it was refused, so it must not be
        found there after a crash."""
        with contextlib.suppress(OSError):
            os.pwrite(self.descriptor, bytes(PAGE), self.end)

    def take(self, records: Sequence[Record], length: int) -> None:
        """These records were written at the end and synced: from now on they count."""
        at = self.end
        self.end += length
        for record in records:
            if record.kind in (Kind.MESSAGE, Kind.FILED):
                body_length = len(record.body or b"")
                self.live[record.id] = Place(
                    self.descriptor,
                    at + record.at,
                    len(record.head),
                    body_length,
                    record.head_check,
                    record.body_check,
                    record.kind is Kind.FILED,
                )

    def remove(self) -> None:
        """Close and delete the file."""
        if self.descriptor >= 0:
            descriptor, self.descriptor = self.descriptor, -1
            os.close(descriptor)
        self.path.unlink(missing_ok=True)


class Journal:
    """The segment that is written, and the one before it."""

    def __init__(self, folder: Path) -> None:
        self.segments = tuple(Segment(folder / name) for name in NAMES)
        self.current, self.other = self.segments

    def switch(self) -> None:
        self.current, self.other = self.other, self.current

    def find(self, message_id: int) -> Place | None:
        """Where the message is; None when it is not in the journal."""
        for segment in self.segments:
            place = segment.live.get(message_id)
            if place is not None:
                return place
        return None

    def number_of(self, message_id: int) -> int:
        return next((segment.number for segment in self.segments if message_id in segment.live), 0)

    def forget(self, message_id: int) -> None:
        """It is gone, or is elsewhere now."""
        for segment in self.segments:
            segment.live.pop(message_id, None)

    def write(self, records: Sequence[Record]) -> int:
        """Write to the current segment, and sync nothing; returns the length, for its ``take``. Raises OSError."""
        parts, length = encode(self.current.number, self.current.salt, records)
        self.current.write(parts)
        return length

    def has_room(self, length: int) -> bool:
        """A batch that is longer than a whole segment has one for itself."""
        return self.current.end == 0 or self.current.end + length <= SEGMENT_BYTES

    def remove(self) -> None:
        for segment in self.segments:
            segment.remove()


def read(descriptor: int, length: int, at: int) -> bytes | None:
    """Like ``pread``; None where the disk cannot read it any more. Raises OSError."""
    try:
        return os.pread(descriptor, length, at)
    except OSError as error:
        if error.errno != EIO:
            raise
        return None


def read_what_can_be(descriptor: int, length: int, at: int) -> bytes:
    """A page after the other, with zeros for what the disk cannot read any more. Raises OSError."""
    starts = range(at, at + length, PAGE)
    sizes = [min(PAGE, at + length - start) for start in starts]
    return b"".join(read(descriptor, size, start) or bytes(size) for start, size in zip(starts, sizes, strict=True))


def _sync_folder(path: Path) -> None:
    folder = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _write_all(descriptor: int, parts: Sequence[bytes], at: int) -> int:
    written = os.pwritev(descriptor, parts, at)
    length = sum(map(len, parts))
    if written < length:  # the disk is nearly full: the next write says so
        rest = memoryview(b"".join(parts))[written:]
        while rest:
            count = os.pwrite(descriptor, rest, at + written)
            written, rest = written + count, rest[count:]
    return length
