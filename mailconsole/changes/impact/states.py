"""Where a replay stands, in words."""

from __future__ import annotations

from django.db import models


class ImpactState(models.TextChoices):
    """Where a replay stands."""

    WAITING = "waiting", "Waiting"
    RUNNING = "running", "Running"
    DONE = "done", "Done"
    FAILED = "failed", "Failed"
    CANCELLED = "cancelled", "Cancelled"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def is_going(self) -> bool:
        """Whether it may still come to an end by itself."""
        return self in (ImpactState.WAITING, ImpactState.RUNNING)


_SENTENCES = {
    ImpactState.WAITING: "It was asked for, and no worker has begun yet.",
    ImpactState.RUNNING: "A worker decides recorded attempts again.",
    ImpactState.DONE: "Every attempt of the sample was decided again.",
    ImpactState.FAILED: "It ended before it was done; it can be asked for again.",
    ImpactState.CANCELLED: "The change was edited while it went on: what it would have found is of no use.",
}
