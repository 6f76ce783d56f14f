"""What the delivery queues of a node have done since it started, counted by recipients."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Counters:
    """``deferred`` counts deferrals: a recipient deferred twice counts twice."""

    delivered: int = 0
    deferred: int = 0
    failed: int = 0
