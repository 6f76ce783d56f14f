"""Reads the message after DATA: only CRLF.CRLF ends it, memory is bounded, dots are unstuffed (RFC 5321 4.5.2)."""

from __future__ import annotations

import re
from enum import Enum

TERMINATOR = b"\r\n.\r\n"
HARD_CAP_BYTES = 64 * 1024 * 1024
"""How much beyond the limit is read and dropped, for the sake of a proper refusal, before the connection is cut."""

_LINE_END = re.compile(rb"\r\n|\r|\n")


class Overflow(Enum):
    """Why the rest of a message is dropped as it arrives."""

    NONE = 0
    TOO_LARGE = 1
    NO_MEMORY = 2
    ABUSE = 3


class Budget:
    """The memory that all sessions of a process may hold for messages that are on their way."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0


class DataReader:
    """Fed with octets as they arrive until ``feed`` returns what came after the end."""

    __slots__ = ("_budget", "_buffer", "_held", "_limit", "overflow", "size_bytes")

    def __init__(self, limit_bytes: int, budget: Budget) -> None:
        self._buffer = bytearray(b"\r\n")  # so that a message that begins with a dot is no special case
        self._limit = limit_bytes
        self._budget = budget
        self._held = 0
        self.size_bytes = 0
        self.overflow = Overflow.NONE

    def feed(self, data: bytes) -> bytes | None:
        """Take octets; None while the end has not come, else what follows the end."""
        buffer = self._buffer
        searched = max(0, len(buffer) - 4)
        buffer += data
        end = buffer.find(TERMINATOR, searched)
        if end >= 0:
            rest = bytes(buffer[end + 5 :])
            del buffer[end + 2 :]
            self.size_bytes += len(data) - len(rest)
            self._check_limit()
            return rest
        self.size_bytes += len(data)
        self._hold(len(data))
        self._check_limit()
        if self.overflow is not Overflow.NONE:
            del buffer[:-4]
        return None

    def _hold(self, count: int) -> None:
        if self.overflow is Overflow.NONE:
            self._held += count
            self._budget.used_bytes += count
            if self._budget.used_bytes > self._budget.limit_bytes:
                self._drop(Overflow.NO_MEMORY)

    def _check_limit(self) -> None:
        if self.overflow is Overflow.NONE and len(self._buffer) - 2 > self._limit + 1024 * 1024:
            # Dots that stuffing added count here: a margin, and the exact size is checked at the end.
            self._drop(Overflow.TOO_LARGE)
        if self.overflow is not Overflow.NONE and self.size_bytes > self._limit + HARD_CAP_BYTES:
            self.overflow = Overflow.ABUSE

    def _drop(self, why: Overflow) -> None:
        self.overflow = why
        self.release()

    def release(self) -> None:
        """Give back the memory that was counted."""
        self._budget.used_bytes -= self._held
        self._held = 0

    def content(self) -> bytes:
        """The message, unstuffed, as it was sent."""
        buffer = self._buffer
        if b"\r\n." in buffer:
            buffer = buffer.replace(b"\r\n.", b"\r\n")
        return bytes(memoryview(buffer)[2:])


def has_bare_line_end(content: bytes) -> bool:
    """Whether a CR or LF stands alone (SMTP smuggling)."""
    rest = b"".join(content.split(b"\r\n"))  # a third less time than counting CR, LF and CRLF
    return b"\n" in rest or b"\r" in rest


def normalise_line_ends(content: bytes) -> bytes:
    """Each bare CR or LF becomes CRLF."""
    return _LINE_END.sub(b"\r\n", content)
