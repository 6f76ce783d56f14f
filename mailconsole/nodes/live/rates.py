"""Messages per minute over all nodes, from the counters of their snapshots: a short row of samples in Redis."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from mailconsole.common.redis import REDIS_DOWN, redis_client
from transport.model.snapshot import NodeSnapshot

WINDOW_S = 60
_SAMPLES = "mailconsole:totals"
_KEPT = 70
_FIELDS = ("accepted_total", "refused_total", "delivered_total", "deferred_total", "failed_total")


@dataclass(frozen=True, slots=True)
class Sample:
    """The counters of every node at one moment (unix seconds), in the order of `_FIELDS`."""

    at: float
    totals: dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Rates:
    """Per minute, over at most the last minute. Accepted are messages, refused commands, the rest recipients."""

    accepted: float = 0
    refused: float = 0
    delivered: float = 0
    deferred: float = 0
    failed: float = 0


def remember_totals(snapshots: Sequence[NodeSnapshot]) -> None:
    """Add a sample, newest first. Raises REDIS_DOWN."""
    totals = {one.node: [getattr(one, name) for name in _FIELDS] for one in snapshots}
    with redis_client().pipeline(transaction=False) as pipeline:
        pipeline.lpush(_SAMPLES, json.dumps([time.time(), totals]))
        pipeline.ltrim(_SAMPLES, 0, _KEPT - 1)
        pipeline.execute()


def read_rates() -> Rates:
    """The rates now; zero while Redis is away or too little was seen."""
    try:
        stored = redis_client().lrange(_SAMPLES, 0, _KEPT - 1)
    except REDIS_DOWN:
        return Rates()
    return rates_of([Sample(*json.loads(text)) for text in reversed(stored)], now=time.time())


def rates_of(samples: Sequence[Sample], *, now: float) -> Rates:
    """Pure: what was added between samples, oldest first; a node that started anew counts from zero."""
    seen = [sample for sample in samples if now - WINDOW_S <= sample.at]
    if len(seen) < 2:
        return Rates()
    added = [0] * len(_FIELDS)
    for before, after in pairwise(seen):
        for node, totals in after.totals.items():
            for index, count in enumerate(_added(before.totals.get(node), totals)):
                added[index] += count
    span = max(seen[-1].at - seen[0].at, 1.0)
    return Rates(*(count * 60 / span for count in added))


def _added(before: list[int] | None, after: list[int]) -> list[int]:
    if before is None:
        return [0] * len(after)
    return [new - old if new >= old else new for old, new in zip(before, after, strict=True)]
