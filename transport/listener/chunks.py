"""Reads the chunks of BDAT (RFC 3030): counted octets, whatever their values; those of a refused chunk are dropped."""

from __future__ import annotations

from transport.listener.data import Budget, Overflow
from transport.model.reply import Reply


class ChunkedBody:
    """A message as far as its chunks came; like a ``DataReader`` to whom it is given when it is whole.

    ``is_broken``: a chunk was refused, so that no other may be taken (RFC 3030 2). ``release`` gives the memory back to
    the budget and must be called once the content is needed no more.
    """

    is_dotless = False  # nobody looked

    __slots__ = (
        "_budget",
        "_buffer",
        "_held",
        "_limit",
        "began_at",
        "content",
        "is_broken",
        "overflow",
        "received_bytes",
    )

    def __init__(self, limit_bytes: int, budget: Budget, *, began_at: float) -> None:
        self._limit = limit_bytes
        self._budget = budget
        self._held = 0
        self._buffer = bytearray()
        self.began_at = began_at
        self.content = b""
        self.received_bytes = 0
        self.overflow = Overflow.NONE
        self.is_broken = False

    def expect(self, size: int) -> None:
        """Note a chunk of ``size`` octets: when the message would be too large, none of it is kept."""
        if self.received_bytes + size > self._limit:
            self._drop(Overflow.TOO_LARGE)

    def take(self, octets: memoryview) -> None:
        """Keep octets, or only count them where the message is dropped."""
        count = len(octets)
        self.received_bytes += count
        if self.overflow is not Overflow.NONE or self.is_broken:
            return
        if not self._budget.take(count):
            self._drop(Overflow.NO_MEMORY)
            return
        self._held += count
        self._buffer += octets

    def close(self, *, is_binary: bool) -> None:
        """The last chunk is here. Text ends with a line end, as it must when DATA carries it on."""
        self.content = bytes(self._buffer)
        self._buffer = bytearray()
        if self.content and not is_binary and not self.content.endswith(b"\r\n"):
            self.content += b"\r\n"

    def break_off(self) -> None:
        """A chunk was refused: keep nothing, take nothing more."""
        self.is_broken = True
        self._buffer = bytearray()
        self.release()

    def _drop(self, why: Overflow) -> None:
        self.overflow = why
        self._buffer = bytearray()
        self.release()

    def release(self) -> None:
        """Give back the memory that was counted. May be called more than once."""
        self._budget.give_back(self._held)
        self._held = 0


class ChunkReader:
    """Fed with octets as they arrive until the chunk is whole. Those of a refused chunk are dropped, and ``refusal`` is
    said when they all came, so that replies keep their order and none of them is taken for a command."""

    __slots__ = ("_left", "_size", "began_at", "body", "is_last", "refusal")

    def __init__(
        self, size: int, *, is_last: bool, body: ChunkedBody | None, refusal: Reply | None, began_at: float
    ) -> None:
        self._size = self._left = size
        self.is_last = is_last
        self.body = body
        self.refusal = refusal
        self.began_at = body.began_at if body is not None else began_at

    @property
    def size_bytes(self) -> int:
        return self._size

    @property
    def received_bytes(self) -> int:
        return self.body.received_bytes if self.body is not None else self._size - self._left

    def feed(self, data: bytes, start: int) -> int:
        """Take what is of the chunk of ``data[start:]``; returns the index behind it, or -1 when more is to come."""
        end = min(start + self._left, len(data))
        self._left -= end - start
        if self.body is not None:
            self.body.take(memoryview(data)[start:end])
        return end if not self._left else -1

    def release(self) -> None:
        if self.body is not None:
            self.body.release()
