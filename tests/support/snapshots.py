"""What nodes show of themselves, for tests of live pages."""

from __future__ import annotations

import time
from typing import Any

from mailconsole.nodes.snapshots import publish_snapshot
from transport.model.snapshot import NodeSnapshot, QueueSnapshot, QueueStatus


def queue(domain: str = "fabrikam.example", **said: Any) -> QueueSnapshot:
    """A delivery queue that is busy, unless something else is said."""
    kind, connector = said.get("delivery_type", "DnsConnectorDelivery"), said.get("connector_id", "internet")
    plain: dict[str, Any] = {
        "key": f"{kind}/{connector}/{domain}",
        "delivery_type": kind,
        "next_hop": domain,
        "connector_id": connector,
        "status": QueueStatus.ACTIVE,
        "message_count": 1,
        "deferred_count": 0,
        "oldest_at": 0.0,
        "first_retry_at": 0.0,
        "last_retry_at": 0.0,
        "next_retry_at": 0.0,
        "retry_count": 0,
        "last_error": "",
        "last_reply": "",
        "incoming_per_min": 0.0,
        "outgoing_per_min": 0.0,
        "connections": 0,
        "waiting_because": "",
    }
    return QueueSnapshot(**plain | said)


def node(name: str = "transport-1", *queues: QueueSnapshot, **said: Any) -> NodeSnapshot:
    """A node that accepts, unless something else is said."""
    now = time.time()
    plain: dict[str, Any] = {
        "node": name,
        "at": now,
        "started_at": now - 60,
        "revision": 1,
        "is_accepting": True,
        "why_not_accepting": "",
        "sessions": 0,
        "messages": sum(one.message_count for one in queues),
        "accepted_total": 0,
        "refused_total": 0,
        "delivered_total": 0,
        "deferred_total": 0,
        "failed_total": 0,
        "listening": ("127.0.0.1:2525",),
        "queues": queues,
    }
    return NodeSnapshot(**plain | said)


def show(*snapshots: NodeSnapshot) -> None:
    """Publish as the nodes do."""
    for snapshot in snapshots:
        publish_snapshot(snapshot.node, snapshot.to_json())
