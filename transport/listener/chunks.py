"""Reads the chunks of BDAT (RFC 3030): counted octets, whatever their values; those of a refused chunk are dropped."""

from __future__ import annotations

from transport.listener.budget import Budget
from transport.listener.data import Overflow
from transport.listener.held import Held
from transport.model.reply import Reply


class ChunkedBody(Held):
    """A message as far as its chunks came; like a ``DataReader`` to whom it is given when it is whole.

    ``is_broken``: a chunk was refused, so that no other may be taken (RFC 3030 2).
    """

    is_dotless = False  # nobody looked

    __slots__ = (
        "_buffer",
        "_is_binary",
        "_limit",
        "began_at",
        "content",
        "is_broken",
        "overflow",
        "received_bytes",
    )

    def __init__(self, limit_bytes: int, budget: Budget, *, began_at: float) -> None:
        super().__init__(budget)
        self._limit = limit_bytes
        self._buffer = bytearray()
        self.began_at = began_at
        self.content = b""
        self.received_bytes = 0
        self.overflow = Overflow.NONE
        self.is_broken = False
        self._is_binary = False

    def expect(self, size: int) -> None:
        """Note a chunk of ``size`` octets: when the message would be too large, none of it is kept."""
        if self.received_bytes + size > self._limit:
            self.drop(Overflow.TOO_LARGE)

    def take(self, octets: memoryview) -> None:
        """Keep octets, or only count them where the message is dropped."""
        count = len(octets)
        self.received_bytes += count
        if self.overflow is not Overflow.NONE or self.is_broken:
            return
        self.hold(count)
        self._buffer += octets

    def close(self, *, is_binary: bool) -> None:
        """The last chunk is here. Text ends with a line end, as it must when DATA carries it on."""
        self._is_binary = is_binary
        if self.spilled is None:
            whole, self._buffer = bytes(self._buffer), bytearray()
            self.put_back(whole)

    def take_out(self, *, is_whole: bool = False) -> bytearray:
        """What was held, to be written to disk."""
        out, self._buffer = self._buffer, bytearray()
        self.let_go()
        return out

    def put_back(self, whole: bytes) -> None:
        """``whole`` is what the chunks made up."""
        is_ended = not whole or self._is_binary or whole.endswith(b"\r\n")
        self.content = whole if is_ended else whole + b"\r\n"

    def break_off(self) -> None:
        """A chunk was refused: keep nothing, take nothing more."""
        self.is_broken = True
        self._buffer = bytearray()
        self.release()

    def drop(self, why: Overflow) -> None:
        """Keep nothing of the message, whatever comes of it."""
        self.overflow = why
        self._buffer = bytearray()
        self.release()


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
