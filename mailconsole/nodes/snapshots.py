"""The live snapshots of all nodes, in Redis: written by nodes each second, forgotten when a node falls silent."""

from __future__ import annotations

from dataclasses import dataclass

import structlog

from mailconsole.common.redis import REDIS_DOWN, redis_client
from transport.model.snapshot import NodeSnapshot

log = structlog.get_logger(__name__)

FORGOTTEN_AFTER_MS = 5000
CHANNEL = "mailconsole:snapshots"
_NODES = "mailconsole:nodes"
_SNAPSHOT = "mailconsole:snapshot:"


@dataclass(frozen=True, slots=True)
class Live:
    """What all nodes show of themselves now. Not reachable: Redis is away, which says nothing about mail."""

    is_reachable: bool
    snapshots: tuple[NodeSnapshot, ...] = ()


def publish_snapshot(node: str, snapshot: bytes) -> None:
    """Show a node's snapshot (NodeSnapshot JSON) for some seconds. Raises REDIS_DOWN."""
    with redis_client().pipeline(transaction=False) as pipeline:
        pipeline.set(_SNAPSHOT + node, snapshot, px=FORGOTTEN_AFTER_MS)
        pipeline.sadd(_NODES, node)
        pipeline.publish(CHANNEL, node)
        pipeline.execute()


def read_live() -> Live:
    """Every node's last snapshot, by node name; never raises."""
    try:
        return Live(True, tuple(_parsed(_stored())))
    except REDIS_DOWN as problem:
        log.warning("snapshots.unreachable", problem=type(problem).__name__)
        return Live(False)


def read_snapshots() -> list[NodeSnapshot]:
    """Every node's last snapshot; empty where none reports or Redis is away."""
    return list(read_live().snapshots)


def _stored() -> list[bytes | str]:
    client = redis_client()
    names = sorted(name.decode() if isinstance(name, bytes) else name for name in client.smembers(_NODES))
    if not names:
        return []
    found = client.mget([_SNAPSHOT + name for name in names])
    return [snapshot for snapshot in found if snapshot is not None]


def _parsed(stored: list[bytes | str]) -> list[NodeSnapshot]:
    """A snapshot of another version that can't be read is left out, not an error on a page."""
    snapshots = []
    for text in stored:
        try:
            snapshots.append(NodeSnapshot.from_json(text))
        except (ValueError, TypeError, KeyError):
            log.warning("snapshot.unreadable")
    return snapshots
