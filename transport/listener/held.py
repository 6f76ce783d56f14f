"""What a message on its way in holds: octets of a budget, and perhaps a file while memory is short."""

from __future__ import annotations

from transport.listener.budget import Budget
from transport.listener.spill import Spilled


class Held:
    """``release`` gives all of it back and must be called once the content is needed no more. ``is_crowded``: memory is
    short, and what is held should go to disk."""

    __slots__ = ("_budget", "_held", "is_crowded", "spilled")

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._held = 0
        self.is_crowded = False
        self.spilled: Spilled | None = None

    @property
    def held_bytes(self) -> int:
        return self._held

    def hold(self, count: int) -> None:
        """Hold ``count`` octets more."""
        self._held += count
        self.is_crowded = not self._budget.take(count)

    def hold_of(self, budget: Budget, count: int) -> None:
        """Hold ``count`` octets of ``budget``, which were taken there, and nothing else any more."""
        self.let_go()
        self._held, self._budget = count, budget

    def let_go(self) -> None:
        """Give back the memory that was counted."""
        self._budget.give_back(self._held)
        self._held = 0
        self.is_crowded = False

    def forget_file(self) -> None:
        if self.spilled is not None:
            self.spilled.discard()
            self.spilled = None

    def release(self) -> None:
        """Give back the memory that was counted, and forget what is on disk. May be called more than once."""
        if self._held:
            self.let_go()
        if self.spilled is not None:
            self.forget_file()
