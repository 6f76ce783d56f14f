"""What a node shows of itself each second: values for dashboards, made without touching the disk."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount
from transport.model.pressure import Level, Resource, ResourceState


class QueueStatus(StrEnum):
    """Exchange's queue status."""

    ACTIVE = "Active"
    CONNECTING = "Connecting"
    READY = "Ready"
    RETRY = "Retry"
    SUSPENDED = "Suspended"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    QueueStatus.ACTIVE: "Messages are being delivered.",
    QueueStatus.CONNECTING: "A connection to the next hop is being made.",
    QueueStatus.READY: "Nothing is waiting, or what waits is delivered at once.",
    QueueStatus.RETRY: "The last connection or delivery did not succeed; the next try is at the time shown.",
    QueueStatus.SUSPENDED: "An operator suspended the queue.",
}


@dataclass(frozen=True, slots=True)
class QueueSnapshot:
    """One queue of one node. Times are unix seconds, 0 for never; rates in messages per minute over the last minute.

    ``last_error`` and ``last_reply`` are hostile text. ``waiting_because`` is a sentence: what decides now, and what
    would change it; ``waiting_cause`` is a ``rules.waiting.Cause``, whose since, until and change stand by themselves.
    ``suspended_count`` messages are held one by one. ``connection_limit`` is how many connections there may be now, 0
    where there are none to be had. ``skipping`` is a sentence about exchangers that are left alone for a while.
    """

    key: str
    delivery_type: str
    next_hop: str
    connector_id: str
    status: QueueStatus
    message_count: int
    deferred_count: int
    oldest_at: float
    first_retry_at: float
    last_retry_at: float
    next_retry_at: float
    retry_count: int
    last_error: str
    last_reply: str
    incoming_per_min: float
    outgoing_per_min: float
    connections: int
    waiting_because: str
    connection_limit: int = 0
    connection_limit_because: str = ""
    suspended_count: int = 0
    waiting_cause: str = ""
    waiting_since: float = 0.0
    waiting_until: float = 0.0
    waiting_change: str = ""
    skipping: str = ""

    @property
    def velocity(self) -> float:
        """Exchange's Velocity: outgoing minus incoming rate; negative means the queue grows."""
        return self.outgoing_per_min - self.incoming_per_min


@dataclass(frozen=True, slots=True)
class ShadowPeer:
    """A peer as the node sees it: whether it can keep copies, else why not."""

    node: str
    is_live: bool
    why_not: str = ""


@dataclass(frozen=True, slots=True)
class ShadowSnapshot:
    """Second copies: ``copied`` messages of this node have one elsewhere, ``held`` are kept here for others.

    The totals count since the node started: accepted without a copy, delivered in the place of a lost node, delivered
    by two nodes.
    """

    is_required: bool = False
    peers: tuple[ShadowPeer, ...] = ()
    copied: int = 0
    held: int = 0
    unprotected_total: int = 0
    redirected_total: int = 0
    duplicates_total: int = 0
    why_unprotected: str = ""


@dataclass(frozen=True, slots=True)
class NodeSnapshot:
    """One node. Counters count since the node started; ``messages`` is what the spool holds."""

    node: str
    at: float
    started_at: float
    revision: int
    is_accepting: bool
    why_not_accepting: str
    sessions: int
    messages: int
    accepted_total: int
    refused_total: int
    delivered_total: int
    deferred_total: int
    failed_total: int
    listening: tuple[str, ...] = ()
    queues: tuple[QueueSnapshot, ...] = field(default=())
    resources: tuple[ResourceState, ...] = field(default=())
    why_not_from_outside: str = ""
    dsn_pending: int = 0
    dsn_suppressed_total: int = 0
    limits: tuple[LimitCount, ...] = ()
    open_relay: tuple[str, ...] = ()
    """Sentences: who may relay anywhere, as the node's test of its own rules found; what is meant is left out."""
    certificates: tuple[PresentedCertificate, ...] = ()
    shadow: ShadowSnapshot | None = None

    def to_json(self) -> bytes:
        return json.dumps(asdict(self), ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")

    @classmethod
    def from_json(cls, data: bytes | str) -> NodeSnapshot:
        """The inverse of ``to_json``. Raises ValueError, TypeError, KeyError."""
        row = json.loads(data)
        queues = tuple(QueueSnapshot(**{**q, "status": QueueStatus(q["status"])}) for q in row.pop("queues"))
        resources = tuple(_resource(one) for one in row.pop("resources", ()))
        limits = tuple(LimitCount(**{**one, "limit": Limit(one["limit"])}) for one in row.pop("limits", ()))
        shown = tuple(PresentedCertificate(**{**c, "names": tuple(c["names"])}) for c in row.pop("certificates", ()))
        shadow = _shadow(row.pop("shadow", None))
        return cls(
            **{**row, "listening": tuple(row["listening"]), "open_relay": tuple(row.get("open_relay", ()))},
            queues=queues,
            resources=resources,
            limits=limits,
            certificates=shown,
            shadow=shadow,
        )


def _shadow(row: dict[str, Any] | None) -> ShadowSnapshot | None:
    if row is None:
        return None
    return ShadowSnapshot(**{**row, "peers": tuple(ShadowPeer(**one) for one in row["peers"])})


def _resource(row: dict[str, Any]) -> ResourceState:
    return ResourceState(**{**row, "resource": Resource(row["resource"]), "level": Level(row["level"])})
