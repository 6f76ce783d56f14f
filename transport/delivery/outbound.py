"""How many connections a node has to all its next hops together (Exchange: MaxOutboundConnections)."""

from __future__ import annotations

import asyncio
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

LOOK_AGAIN_S = 0.1
"""Mail that an idle connection is kept for may be taken away from its queue, and nobody tells."""


class Waits(Protocol):
    """Connections to one next hop; ``idle`` of them send nothing now."""

    @property
    def idle(self) -> int: ...

    def wake(self) -> None:
        """There may be room for another connection."""
        ...

    def spare(self) -> bool:
        """Close an idle connection that no mail comes for, for another next hop; False where there is none."""
        ...


class Outbound:
    """Counts connections, those that are being made too. Who finds no room waits for its turn; connections that have
    nothing to do make room, and of those that had their turn as many as somebody waits for. ``leaving`` of them end
    with what they have begun. ``maximum`` None means no bound."""

    def __init__(self, maximum: int | None = None) -> None:
        self.maximum = maximum
        self.count = self.leaving = 0
        self._waiting: dict[Waits, None] = {}
        self._idle: dict[Waits, None] = {}
        self._is_handing_on = False
        self._turn: Waits | None = None
        self._timer: asyncio.TimerHandle | None = None

    @property
    def is_full(self) -> bool:
        return self.maximum is not None and self.count >= self.maximum

    @property
    def is_short(self) -> bool:
        """Whether somebody waits for whom no room was made yet."""
        return self._is_short_for(len(self._waiting))

    def is_short_beside(self, one: Waits) -> bool:
        """Whether ``one`` has to make room for another."""
        return self._is_short_for(len(self._waiting) - (one in self._waiting))

    def _is_short_for(self, waiting: int) -> bool:
        return waiting > 0 and self.maximum is not None and waiting > self.maximum - self.count + self.leaving

    @property
    def because(self) -> str:
        """A sentence for who waits."""
        return f"All {self.maximum:,} connections that this node may have at once are in use; it waits for its turn."

    def is_waiting(self, one: Waits) -> bool:
        return one in self._waiting

    def take(self, one: Waits) -> bool:
        """Room for a connection, or False: then ``one`` is woken when there is some, after those that came before."""
        if self.is_full or (self._waiting and one is not self._turn):
            if one not in self._waiting:
                self._waiting[one] = None
                self._spare()
            if not self.is_full:
                self._hand_on_soon()
            return False
        self.count += 1
        self._waiting.pop(one, None)
        return True

    def release(self) -> None:
        """A connection has ended, or was not made."""
        self.count -= 1
        self._hand_on_soon()

    def bound(self, maximum: int | None) -> None:
        """The configuration's word from now on; what is connected stays so."""
        self.maximum = maximum
        self._hand_on_soon()

    def has_idle(self, one: Waits) -> None:
        """It has an idle connection."""
        self._idle[one] = None
        if self._waiting:
            self._look_again_soon()

    def forget(self, one: Waits) -> None:
        """It is closing."""
        self._waiting.pop(one, None)
        self._idle.pop(one, None)

    def _hand_on_soon(self) -> None:
        if self._waiting and not self._is_handing_on:
            self._is_handing_on = True
            asyncio.get_running_loop().call_soon(self._hand_on)

    def _hand_on(self) -> None:
        """Those that waited longest first; one that needs none any more leaves its turn to the next."""
        self._is_handing_on = False
        while self._waiting and not self.is_full:
            one = next(iter(self._waiting))
            del self._waiting[one]
            self._turn = one
            try:
                one.wake()
            except Exception:  # the others' mail must not wait for what is wrong with this one's
                log.exception("delivery.wake_failed")
            finally:
                self._turn = None

    def _spare(self) -> None:
        """Make room of idle connections; those that are kept for mail to come may be free soon."""
        for one in list(self._idle):
            while self.is_short and one.spare():
                pass
            if not one.idle:
                self._idle.pop(one, None)
        self._look_again_soon()

    def _look_again_soon(self) -> None:
        if self.is_short and self._idle and self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_AGAIN_S, self._look_again)

    def _look_again(self) -> None:
        self._timer = None
        self._spare()
