"""Reads the message after DATA: only CRLF.CRLF ends it, memory is bounded, dots are unstuffed (RFC 5321 4.5.2).

Lines may have any length and octets any value: a relay does not judge the text it carries (RFC 5321 3.6.3).
"""

from __future__ import annotations

import re
from enum import Enum
from io import IncrementalNewlineDecoder

from transport.listener.budget import Budget
from transport.listener.held import Held

END = b"\r\n.\r\n"
HARD_CAP_BYTES = 64 * 1024 * 1024
"""How much beyond the limit is read and dropped, for the sake of a proper refusal, before the connection is cut."""

LARGE_BYTES = 1024 * 1024
DOT_LINE = b"\r\n."
_LINE_END = re.compile(rb"\r\n|\r|\n")


class Overflow(Enum):
    """Why the rest of a message is dropped as it arrives."""

    NONE = 0
    TOO_LARGE = 1
    NO_MEMORY = 2


class DataReader(Held):
    """Fed with octets as they arrive until the end mark was among them; then ``content`` is the message.

    ``received_bytes`` counts what came, kept or dropped. What went to disk by ``take_out`` comes back by ``put_back``.
    """

    __slots__ = ("_buffer", "_is_stuffed", "_limit", "began_at", "content", "overflow", "received_bytes")

    def __init__(self, limit_bytes: int, budget: Budget, *, began_at: float) -> None:
        super().__init__(budget)
        # Stuffing makes three octets (a line with one dot) to four at worst; the exact size is checked at the end.
        self._limit = limit_bytes + limit_bytes // 3 + len(END)
        self._buffer = bytearray()
        self._is_stuffed = False
        self.content = b""
        self.began_at = began_at
        self.received_bytes = 0
        self.overflow = Overflow.NONE

    def begin(self, at: float) -> None:
        """Wait for the next message; the one before was not fed."""
        self.began_at = at

    @property
    def is_dotless(self) -> bool:
        """Whether no line of ``content`` begins with a dot."""
        return not self._is_stuffed

    @property
    def is_abused(self) -> bool:
        """Whether the peer sends so much too much that it is not worth the wait."""
        return self.received_bytes > self._limit + HARD_CAP_BYTES

    def feed(self, data: bytes, start: int) -> int:
        """Take ``data[start:]``; returns the index behind the end mark, or -1 when it is not there yet."""
        if not self._buffer:
            end = self._whole(data, start)
            if end >= 0:
                return end
        return self._part(data, start)

    def _whole(self, data: bytes, start: int) -> int:
        """A message that came in one piece, which most do, is cut out of it."""
        if data.startswith(b".\r\n", start):
            self.received_bytes = 3
            return start + 3
        end, is_stuffed = _find_end(data, start)
        if end < 0:
            return -1
        self.received_bytes = end + len(END) - start
        if self.keep(self.received_bytes):
            if data.startswith(b".", start):
                start += 1
                self._is_stuffed = True
            content = data[start : end + 2]
            self._is_stuffed |= is_stuffed
            self.content = content.replace(b"\r\n.", b"\r\n") if is_stuffed else content
        return end + len(END)

    def _part(self, data: bytes, start: int) -> int:
        buffer = self._buffer
        if not buffer:
            buffer += b"\r\n"  # so that a message that begins with a dot is no special case
        length = len(buffer)
        buffer += memoryview(data)[start:] if start else data
        end, is_stuffed = _find_end(buffer, max(0, length - len(END) + 1))
        self._is_stuffed |= is_stuffed
        behind = len(data) if end < 0 else start + end + len(END) - length
        self.received_bytes += behind - start
        is_kept = self.overflow is Overflow.NONE and self.keep(behind - start)
        if end >= 0:
            if is_kept and self.spilled is not None:
                del buffer[end + 2 :]  # for ``take_out``
            else:
                self._buffer = bytearray()
                if is_kept and not self._is_stuffed:
                    self.content = bytes(memoryview(buffer)[2 : end + 2])  # as ``put_back`` does, with a copy less
                elif is_kept:
                    self.put_back(bytes(memoryview(buffer)[: end + 2]))
            return behind
        if not is_kept:
            del buffer[: -len(END) + 1]
        return -1

    def take_out(self, *, is_whole: bool = False) -> bytearray:
        """What was held, without its last octets (unless the message ``is_whole``): they may begin the end mark."""
        out = self._buffer
        end = len(out) if is_whole else max(0, len(out) - len(END) + 1)
        self._buffer = out[end:]
        del out[end:]
        self.let_go()
        return out

    def put_back(self, whole: bytes) -> None:
        """``whole`` is the message as it came, behind the CRLF that it began with."""
        self.content = (whole.replace(b"\r\n.", b"\r\n") if self._is_stuffed else whole)[2:]

    def drop(self, why: Overflow) -> None:
        """Keep nothing of the message, whatever comes of it."""
        self.overflow = why
        del self._buffer[: -len(END) + 1]
        self.release()

    def has_room(self, count: int) -> bool:
        """Whether so many octets more would be kept."""
        is_within = self.received_bytes + count <= self._limit
        return is_within and self._budget.used_bytes + count <= self._budget.limit_bytes

    def keep(self, count: int) -> bool:
        """Count octets against limit and budget; beyond the limit the whole message is dropped."""
        if self.received_bytes > self._limit:
            self.overflow = Overflow.TOO_LARGE
            self.release()
            return False
        self.hold(count)
        return True


def _find_end(octets: bytes | bytearray, start: int) -> tuple[int, bool]:
    """Where the end mark begins, or -1, and whether a line before it begins with a dot. One pass, mostly."""
    at = octets.find(DOT_LINE, start)
    if at < 0:
        return -1, False
    if octets.startswith(b"\r\n", at + 3):
        return at, False
    return octets.find(END, at), True


def has_bare_line_end(content: bytes) -> bool:
    """Whether a CR or LF stands alone (SMTP smuggling)."""
    if len(content) > LARGE_BYTES:  # a copy takes its memory again
        pairs = content.count(b"\r\n")
        return content.count(b"\n") != pairs or content.count(b"\r") != pairs
    # The one in Python that looks at each octet once, and makes no object of each line: a third of the time of others.
    seen = IncrementalNewlineDecoder(None, translate=False)
    seen.decode(content.decode("latin-1"), final=True)
    return seen.newlines is not None and seen.newlines != "\r\n"


def normalise_line_ends(content: bytes) -> bytes:
    """Each bare CR or LF becomes CRLF."""
    return _LINE_END.sub(b"\r\n", content)
