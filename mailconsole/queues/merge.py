"""One queue of all nodes: pure, from the nodes' snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconsole.common.templatetags.words import wire
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.snapshot import NodeSnapshot, QueueSnapshot, QueueStatus
from transport.rules.waiting import Cause

ATTENTION = (
    QueueStatus.RETRY,
    QueueStatus.SUSPENDED,
    QueueStatus.CONNECTING,
    QueueStatus.ACTIVE,
    QueueStatus.READY,
)
"""Of several nodes' states the first of these is shown: what a person may have to do something about."""
TONES = {
    QueueStatus.ACTIVE: "good",
    QueueStatus.READY: "good",
    QueueStatus.CONNECTING: "info",
    QueueStatus.RETRY: "warn",
    QueueStatus.SUSPENDED: "info",
}
_NAMES = {
    DeliveryType.UNREACHABLE: "Unreachable",
    DeliveryType.SUBMISSION: "Submission",
    DeliveryType.POISON: "Poison messages",
}
_KINDS = {
    DeliveryType.DNS_CONNECTOR: "MX",
    DeliveryType.DNS_CONNECTOR_TLS_WAIVED: "MX, TLS policy waived",
    DeliveryType.DNS_CONNECTOR_TLS_REQUIRED: "MX, TLS required",
    DeliveryType.SMART_HOST_CONNECTOR: "Smart host",
    DeliveryType.SMART_HOST_CONNECTOR_TLS_REQUIRED: "Smart host, TLS required",
    DeliveryType.UNREACHABLE: "No send connector covers it",
    DeliveryType.SUBMISSION: "Waits to be routed",
    DeliveryType.POISON: "Set aside",
}
_DEAD_ENDS = (DeliveryType.UNREACHABLE, DeliveryType.POISON)


@dataclass(frozen=True, slots=True)
class MergedQueue:
    """A queue as people see it: figures are sums, times the earliest, words those of the node that holds most of it."""

    key: str
    name: str
    kind: str
    delivery_type: DeliveryType
    connector_id: str
    status: QueueStatus
    message_count: int
    deferred_count: int
    oldest_at: datetime | None
    next_retry_at: datetime | None
    last_retry_at: datetime | None
    retry_count: int
    incoming_per_min: float
    outgoing_per_min: float
    connections: int
    last_reply: str
    last_error: str
    waiting_because: str
    nodes: tuple[str, ...]
    suspended_count: int = 0
    waiting_cause: str = ""
    waiting_since: datetime | None = None
    waiting_until: datetime | None = None
    waiting_change: str = ""
    first_retry_at: datetime | None = None

    @classmethod
    def empty(cls, hop: NextHop) -> MergedQueue:
        """A queue that no node shows."""
        return _merge(str(hop), [("", _nothing(hop))], is_seen=False)

    @property
    def velocity(self) -> float:
        """Exchange's Velocity: negative means that it grows."""
        return self.outgoing_per_min - self.incoming_per_min

    @property
    def cause(self) -> Cause | None:
        """What decides that it waits; None where a newer node names a cause of its own."""
        return Cause(self.waiting_cause) if self.waiting_cause in set(Cause) else None

    @property
    def tone(self) -> str:
        return "warn" if self.is_stuck and not self.is_suspended else TONES[self.status]

    @property
    def is_stuck(self) -> bool:
        """Whether it holds mail that does not leave by itself now."""
        stands = self.status in (QueueStatus.RETRY, QueueStatus.SUSPENDED) or self.delivery_type in _DEAD_ENDS
        return stands and self.message_count > 0

    @property
    def last_response(self) -> str:
        """The remote's own words where it spoke, else ours."""
        return self.last_reply or self.last_error

    @property
    def is_suspended(self) -> bool:
        return self.status is QueueStatus.SUSPENDED

    @property
    def search_text(self) -> str:
        """What the text filter looks at, in lower case."""
        return wire(f"{self.name} {self.kind} {self.connector_id} {self.last_response}").lower()


def merge_queues(snapshots: Sequence[NodeSnapshot]) -> list[MergedQueue]:
    """All queues of all nodes, those that may need a person first, then the large ones, then by name."""
    found: dict[str, list[tuple[str, QueueSnapshot]]] = {}
    for snapshot in snapshots:
        for queue in snapshot.queues:
            found.setdefault(queue.key, []).append((snapshot.node, queue))
    return sorted((_merge(key, parts) for key, parts in found.items()), key=_rank)


def matches(queue: MergedQueue, *, state: str, text: str) -> bool:
    """Whether the page's filters let it through; empty ones let all through."""
    return (not state or queue.status == state) and (not text or text.lower() in queue.search_text)


def _rank(queue: MergedQueue) -> tuple[bool, int, str]:
    """Sizes in powers of two, so that rows of like size stand still while they fill and empty."""
    return not queue.is_stuck, -queue.message_count.bit_length(), queue.key


def queue_name(key: str) -> str:
    """What people call the queue of this key."""
    try:
        hop = NextHop.parse(key)
    except ValueError:
        return key
    return _NAMES.get(hop.delivery_type) or hop.domain or key


def _nothing(hop: NextHop) -> QueueSnapshot:
    return QueueSnapshot(
        str(hop), hop.delivery_type, hop.domain, hop.connector_id, QueueStatus.READY,
        0, 0, 0.0, 0.0, 0.0, 0.0, 0, "", "", 0.0, 0.0, 0, "",
    )  # fmt: skip


def _merge(key: str, parts: list[tuple[str, QueueSnapshot]], *, is_seen: bool = True) -> MergedQueue:
    queues = [queue for _, queue in parts]
    main = max(queues, key=lambda queue: (queue.message_count, queue.last_retry_at))
    hop = _next_hop(main)
    return MergedQueue(
        key=key,
        name=_NAMES.get(hop.delivery_type) or main.next_hop or hop.domain or key,
        kind=_KINDS.get(hop.delivery_type, ""),
        delivery_type=hop.delivery_type,
        connector_id=main.connector_id,
        status=min((queue.status for queue in queues), key=ATTENTION.index),
        message_count=sum(queue.message_count for queue in queues),
        deferred_count=sum(queue.deferred_count for queue in queues),
        oldest_at=_earliest(queue.oldest_at for queue in queues),
        next_retry_at=_earliest(queue.next_retry_at for queue in queues),
        last_retry_at=_moment(max(queue.last_retry_at for queue in queues)),
        retry_count=max(queue.retry_count for queue in queues),
        incoming_per_min=sum(queue.incoming_per_min for queue in queues),
        outgoing_per_min=sum(queue.outgoing_per_min for queue in queues),
        connections=sum(queue.connections for queue in queues),
        last_reply=main.last_reply,
        last_error=main.last_error,
        waiting_because=main.waiting_because,
        nodes=tuple(node for node, _ in parts) if is_seen else (),
        suspended_count=sum(queue.suspended_count for queue in queues),
        waiting_cause=main.waiting_cause,
        waiting_since=_moment(main.waiting_since),
        waiting_until=_moment(main.waiting_until),
        waiting_change=main.waiting_change,
        first_retry_at=_earliest(queue.first_retry_at for queue in queues),
    )


def _next_hop(queue: QueueSnapshot) -> NextHop:
    """A delivery type of a newer node is shown like one by DNS, not an error on the page."""
    try:
        return NextHop(DeliveryType(queue.delivery_type), queue.next_hop, queue.connector_id)
    except ValueError:
        return NextHop(DeliveryType.DNS_CONNECTOR, queue.next_hop, queue.connector_id)


def _earliest(times: Iterable[float]) -> datetime | None:
    return _moment(min((time for time in times if time > 0), default=0))


def _moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
