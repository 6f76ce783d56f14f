"""Celery's beat without its impatience: it wakes ten milliseconds early and asks sixty times whether it is time."""

from __future__ import annotations

from celery.beat import PersistentScheduler

LATE_S = 0.001


class PunctualScheduler(PersistentScheduler):  # type: ignore[misc]
    """Wakes when something is due. The early one took 2 % of a processor for a tick twice a second."""

    def adjust(self, n: float | None, drift: float = LATE_S) -> float | None:
        """How long to wait for what is due in ``n`` seconds."""
        return n + drift if n and n > 0 else n
