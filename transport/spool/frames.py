"""How batches stand in a journal segment: a header, then records, filled up to whole pages. Values only.

Whole pages, so that what is synced is never written again. The salt is secret and new for each use of a file: neither
what an earlier use left behind nor a message that looks like a batch is ever taken for one.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from struct import Struct
from zlib import crc32

PAGE = 4096
_MAGIC = b"MCJ1"
_BATCH = Struct("<4sQQII")
_RECORD = Struct("<4sQIIII")
_CHECK = Struct("<I")
BATCH_BYTES = _BATCH.size + _CHECK.size
RECORD_BYTES = _RECORD.size + _CHECK.size
_PADDING = bytes(PAGE)


class Kind(Enum):
    """What a record is. ``head`` and ``body`` of it are: envelope and message; envelope alone, the message is a file;
    events, one a line, numbered from ``id``; message ids of eight bytes each."""

    MESSAGE = b"MESS"
    FILED = b"FILE"
    EVENTS = b"EVNT"
    REMOVED = b"GONE"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Kind.MESSAGE: "A message with its body.",
    Kind.FILED: "A message whose body is a file of its own.",
    Kind.EVENTS: "Tracking events.",
    Kind.REMOVED: "Messages that need nothing more.",
}


@dataclass(slots=True)
class Record:
    """One record; ``at`` is where its head begins, counted from the batch. ``body`` None: it has a wrong checksum."""

    kind: Kind
    id: int
    head: bytes
    body: bytes | None = b""
    head_check: int = 0
    body_check: int = 0
    at: int = 0
    is_head_whole: bool = True

    @property
    def is_whole(self) -> bool:
        return self.is_head_whole and self.body is not None


@dataclass(slots=True)
class FoundBatch:
    """What stands in a segment; ``is_whole`` when every record of it could be read, as it was written."""

    at: int
    length: int
    records: list[Record]
    is_whole: bool


def encode(number: int, salt: int, records: Sequence[Record]) -> tuple[list[bytes], int]:
    """The parts to be written one after the other, and their length; fills in the records' checks and places."""
    parts, at = [b""], BATCH_BYTES
    for record in records:
        head, body = record.head, record.body or b""
        record.head_check, record.body_check = crc32(head), crc32(body)
        said = _RECORD.pack(record.kind.value, record.id, len(head), len(body), record.head_check, record.body_check)
        record.at = at + RECORD_BYTES
        parts += (said, _CHECK.pack(crc32(said, salt & 0xFFFFFFFF)), head, body)
        at = record.at + len(head) + len(body)
    said = _BATCH.pack(_MAGIC, number, salt, at, len(records))
    parts[0] = said + _CHECK.pack(crc32(said))
    fill = -at % PAGE
    parts.append(_PADDING[:fill])
    return parts, at + fill


def scan(data: bytes, number: int, salt: int) -> Iterator[FoundBatch | None]:
    """Every batch of this use of the segment; None where something stood that is no batch any more."""
    at, is_gap = 0, False
    while at + BATCH_BYTES <= len(data):
        found = _batch(data, at, number, salt)
        if found is None:
            at, is_gap = at + PAGE, True
            continue
        if is_gap:
            yield None
        yield found
        at, is_gap = at + found.length + -found.length % PAGE, False


def first_use(data: bytes) -> tuple[int, int] | None:
    """Number and salt of the batch at the beginning, for a segment of which nothing else is known."""
    if len(data) < BATCH_BYTES or _CHECK.unpack_from(data, _BATCH.size)[0] != crc32(data[: _BATCH.size]):
        return None
    magic, number, salt, _, _ = _BATCH.unpack_from(data)
    return (number, salt) if magic == _MAGIC else None


def _batch(data: bytes, at: int, number: int, salt: int) -> FoundBatch | None:
    if data[at : at + 4] != _MAGIC:
        return None
    said = data[at : at + _BATCH.size]
    _, of, salted, length, count = _BATCH.unpack(said)
    if (of, salted) != (number, salt) or _CHECK.unpack_from(data, at + _BATCH.size)[0] != crc32(said):
        return None
    records: list[Record] = []
    position, end = at + BATCH_BYTES, at + length
    while len(records) < count:
        record = _record(data, position, min(end, len(data)), salt)
        if record is None:
            break
        records.append(record)
        position = position + RECORD_BYTES + _lengths(data, position)
    is_whole = len(records) == count and all(record.is_whole for record in records)
    return FoundBatch(at, length, records, is_whole)


def _lengths(data: bytes, at: int) -> int:
    _, _, head, body, _, _ = _RECORD.unpack_from(data, at)
    return int(head) + int(body)


def _record(data: bytes, at: int, end: int, salt: int) -> Record | None:
    if at + RECORD_BYTES > end:
        return None
    said = data[at : at + _RECORD.size]
    if _CHECK.unpack_from(data, at + _RECORD.size)[0] != crc32(said, salt & 0xFFFFFFFF):
        return None
    kind, of, head_length, body_length, head_check, body_check = _RECORD.unpack(said)
    middle = at + RECORD_BYTES + head_length
    head, body = data[at + RECORD_BYTES : middle], data[middle : middle + body_length]
    return Record(
        Kind(kind),
        of,
        head,
        body if crc32(body) == body_check else None,
        head_check,
        body_check,
        is_head_whole=crc32(head) == head_check,
    )
