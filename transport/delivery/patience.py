"""Whether a message waits for a busy connection although another is idle: behind what that sends it shares reads and
writes with others, which costs half, and a fast next hop is ready for it in a moment. No clock and no I/O."""

from __future__ import annotations

PATIENCE_S = 0.01
"""No message waits for longer than that on purpose."""
MAX_BEHIND = 4
_UNKNOWN_S = 1.0
_WEIGHT = 0.125


class Patience:
    """``taken`` counts messages that the next hop took."""

    __slots__ = ("_took_s", "taken")

    def __init__(self) -> None:
        self.taken = 0
        self._took_s = _UNKNOWN_S

    def learn(self, took_s: float) -> None:
        """The next hop took a message in that time."""
        self.taken += 1
        self._took_s += (took_s - self._took_s) * _WEIGHT

    def lose(self) -> None:
        """It took none for too long: it has to be seen again that it is fast."""
        self._took_s = _UNKNOWN_S

    def is_soon_taken(self, backlog: int, busy: int) -> bool:
        """Whether ``busy`` connections come to the last of ``backlog`` messages in ``PATIENCE_S``."""
        behind = (backlog + busy - 1) // busy if busy else MAX_BEHIND + 1
        return behind <= MAX_BEHIND and behind * self._took_s < PATIENCE_S
