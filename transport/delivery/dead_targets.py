"""Addresses that took no connection lately. They are skipped for a while; then one connection tries whether they are
back, while the others go on without them (a circuit breaker, half open)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from transport.delivery.target import Target

FIRST_S = 60.0
LONGEST_S = 600.0
PROBE_S = 60.0
MAX_DEAD = 10_000


@dataclass(slots=True)
class _Dead:
    failures: int = 0
    until: float = 0.0
    probed_until: float = 0.0


class DeadTargets:
    """``monotonic`` gives seconds."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._dead: dict[tuple[str, int], _Dead] = {}

    def add(self, target: Target) -> None:
        """It took no connection: each time in a row it is left alone for longer."""
        if len(self._dead) >= MAX_DEAD:
            self._dead.clear()
        dead = self._dead.setdefault((target.address, target.port), _Dead())
        dead.failures += 1
        dead.until = self._monotonic() + min(FIRST_S * 2.0 ** min(dead.failures - 1, 10), LONGEST_S)
        dead.probed_until = 0.0

    def revive(self, target: Target) -> None:
        self._dead.pop((target.address, target.port), None)

    def try_now(self, target: Target) -> None:
        """A connection to it is being made: if it is dead, this one finds out for all."""
        dead = self._dead.get((target.address, target.port))
        if dead is not None:
            dead.probed_until = self._monotonic() + PROBE_S

    def living(self, targets: Sequence[Target]) -> list[Target]:
        """``targets`` without the dead and those that another connection tries; all of them if none is left."""
        if not self._dead:
            return list(targets)
        now = self._monotonic()
        return [target for target in targets if self._is_usable(target, now)] or list(targets)

    def skipped(self, targets: Sequence[Target]) -> list[tuple[Target, float]]:
        """Those of ``targets`` that others are used instead of, each with the seconds until it is tried again."""
        if not self._dead:
            return []
        now = self._monotonic()
        dead = [(target, self._until(target) - now) for target in targets if not self._is_usable(target, now)]
        return dead if len(dead) < len(targets) else []

    def _until(self, target: Target) -> float:
        dead = self._dead.get((target.address, target.port))
        return max(dead.until, dead.probed_until) if dead is not None else 0.0

    def _is_usable(self, target: Target, now: float) -> bool:
        return self._until(target) <= now
