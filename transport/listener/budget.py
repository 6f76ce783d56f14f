"""The memory that the messages on their way in may hold, until they are on disk."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field

Waiter = tuple[int, "asyncio.Future[None]"]


class Budget:
    """What the sessions of a process hold of messages that they read. It can be exceeded: who makes it so is told, and
    moves what it holds to disk."""

    def __init__(self, limit_bytes: int) -> None:
        self.limit_bytes = limit_bytes
        self.used_bytes = 0

    def take(self, count: int) -> bool:
        """Take ``count`` octets; whether all that is held is within the limit."""
        self.used_bytes += count
        return self.used_bytes <= self.limit_bytes

    def give_back(self, count: int) -> None:
        self.used_bytes -= count


class Line(Budget):
    """Room given whole and in the order of asking: who has it needs no more and no peer, so that it ends."""

    def __init__(self, limit_bytes: int) -> None:
        super().__init__(limit_bytes)
        self._waiting: deque[Waiter] = deque()

    async def room(self, count: int) -> None:
        """Wait for ``count`` octets; who asks for more than there is gets them once nobody holds any."""
        granted: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((count, granted))
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if granted.done() and not granted.cancelled():
                self.give_back(count)
            else:
                self._waiting = deque(waiter for waiter in self._waiting if waiter[1] is not granted)
                self._grant()
            raise

    def give_back(self, count: int) -> None:
        super().give_back(count)
        self._grant()

    def _grant(self) -> None:
        while self._waiting:
            count, granted = self._waiting[0]
            if self.used_bytes and self.used_bytes + count > self.limit_bytes:
                return
            self._waiting.popleft()
            if not granted.done():
                self.used_bytes += count
                granted.set_result(None)


@dataclass(slots=True)
class Memory:
    """``reading``: messages that come in. ``storing``: those that went to disk meanwhile and are whole now.

    They are apart, so that no number of slow peers can keep a whole message from being stored.
    """

    reading: Budget = field(default_factory=lambda: Budget(128 * 1024 * 1024))
    storing: Line = field(default_factory=lambda: Line(128 * 1024 * 1024))

    @property
    def limit_bytes(self) -> int:
        return self.reading.limit_bytes + self.storing.limit_bytes
