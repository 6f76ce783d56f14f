"""How scarce each resource of each node was in the last hour: the highest share of every minute, in Redis."""

from __future__ import annotations

import json
from collections.abc import Sequence

from mailconsole.common.redis import REDIS_DOWN, redis_client
from transport.model.snapshot import NodeSnapshot

MINUTES = 60
_HISTORY = "mailconsole:resources:"
_FORGOTTEN_AFTER_S = 2 * 3600


def remember_resources(snapshots: Sequence[NodeSnapshot], *, now: float) -> None:
    """Keep what the nodes show, one row a minute for each node. Raises REDIS_DOWN."""
    minute = int(now) // 60
    client = redis_client()
    keys = [_HISTORY + one.node for one in snapshots if one.resources]
    with client.pipeline(transaction=False) as pipeline:
        for key in keys:
            pipeline.lindex(key, 0)
        newest = pipeline.execute()
    with client.pipeline(transaction=False) as pipeline:
        for snapshot, key, text in zip((one for one in snapshots if one.resources), keys, newest, strict=True):
            shares = {state.resource.value: round(state.share, 4) for state in snapshot.resources}
            at, before = json.loads(text) if text else (0, {})
            if at == minute:
                highest = {name: max(share, before.get(name, 0.0)) for name, share in shares.items()}
                pipeline.lset(key, 0, json.dumps([minute, highest]))
            else:
                pipeline.lpush(key, json.dumps([minute, shares]))
                pipeline.ltrim(key, 0, MINUTES - 1)
                pipeline.expire(key, _FORGOTTEN_AFTER_S)
        pipeline.execute()


def read_resources(node: str, *, now: float) -> dict[str, list[float]]:
    """For each resource the highest share of each of the last 60 minutes, oldest first; empty while Redis is away."""
    try:
        stored = redis_client().lrange(_HISTORY + node, 0, MINUTES - 1)
    except REDIS_DOWN:
        return {}
    first = int(now) // 60 - MINUTES + 1
    found: dict[str, list[float]] = {}
    for text in stored:
        minute, shares = json.loads(text)
        if first <= minute < first + MINUTES:
            for name, share in shares.items():
                found.setdefault(name, [0.0] * MINUTES)[minute - first] = share
    return found
