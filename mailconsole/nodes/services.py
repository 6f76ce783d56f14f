"""What nodes tell the console. Called by the runtime; nothing here decides about mail."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from mailconsole.common import storable
from mailconsole.nodes.models import Activation, ActivationState, Node, NodeEvent
from transport.model.event import TrackingEvent

FORGET_NODE_AFTER = timedelta(days=7)
SENTENCE_LENGTH = 2000


def register_heartbeat(
    *,
    node: str,
    pid: int,
    host: str,
    started_at: datetime,
    revision: int | None,
    listening: Sequence[str],
    is_accepting: bool,
    why_not: str = "",
    version: str = "",
    worker: str = "",
    shadow_address: str = "",
    digest: str = "",
    now: datetime | None = None,
) -> Node:
    """Keep what the node says of itself. `worker` is its Celery node name, the destination of commands."""
    said = {
        "worker": worker or f"{node}@{host}",
        "pid": pid,
        "host": host,
        "started_at": started_at,
        "heartbeat_at": now or timezone.now(),
        "running_revision": revision,
        "running_digest": digest,
        "listening": list(listening),
        "is_accepting": is_accepting,
        "why_not": why_not,
        "software_version": version,
        "shadow_address": shadow_address,
        "removed_at": None,  # it is back
    }
    if Node.objects.filter(name=node).update(**said):
        return Node.objects.get(name=node)
    return Node.objects.update_or_create(name=node, defaults=said)[0]


def report_activation(
    *, node: str, revision: int, state: ActivationState | str, error: str = "", now: datetime | None = None
) -> Activation:
    """Keep a node's answer to a revision; the last one counts."""
    known, _ = Node.objects.get_or_create(name=node)
    said = {"state": ActivationState(state), "error": error, "at": now or timezone.now()}
    activation, _ = Activation.objects.update_or_create(revision=revision, node=known, defaults=said)
    return activation


def known_nodes(now: datetime | None = None) -> list[Node]:
    """Nodes that were heard of within the last days; older ones were taken away for good."""
    since = (now or timezone.now()) - FORGET_NODE_AFTER
    return list(Node.objects.filter(heartbeat_at__gt=since, removed_at=None))


def shadow_nodes(now: datetime | None = None) -> list[Node]:
    """Nodes that keep second copies for others, by name; one that is silent for a while may come back."""
    return [node for node in known_nodes(now) if node.shadow_address]


def keep_events(node_id: int, events: Iterable[tuple[int, TrackingEvent]]) -> None:
    """Keep (sequence, event) of what happened to the node itself; what is there already stays as it is."""
    rows = [
        NodeEvent(
            node_id=node_id,
            sequence=sequence,
            at=datetime.fromtimestamp(event.at, UTC),
            event=event.event.value,
            sentence=storable.text(event.reason)[:SENTENCE_LENGTH],
            detail=storable.value(event.detail),
        )
        for sequence, event in events
    ]
    if rows:
        NodeEvent.objects.bulk_create(rows, ignore_conflicts=True)
