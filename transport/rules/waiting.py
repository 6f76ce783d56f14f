"""Why a queue or a message waits: what decides now, since when, and what would change it. Pure.

Exactly one cause is named: the one that keeps the mail back even if all the others were away.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from transport.model.hold import Hold
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.orders import SuspendedQueue
from transport.model.queued import MessageStatus


class Cause(StrEnum):
    """What decides that mail waits."""

    NOTHING = "nothing"
    QUEUE_SUSPENDED = "queue_suspended"
    HELD = "held"
    HOLD_RULE = "hold_rule"
    LEAVING = "leaving"
    NO_ROUTE = "no_route"
    NOT_RESOLVED = "not_resolved"
    POISON = "poison"
    NO_CONNECTOR = "no_connector"
    NEXT_HOP_DOWN = "next_hop_down"
    DEFERRED = "deferred"
    RATE_LIMIT = "rate_limit"
    CONNECTING = "connecting"
    CONNECTION_LIMIT = "connection_limit"
    PRIORITY = "priority"
    DELIVERING = "delivering"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Cause.NOTHING: "Nothing waits.",
    Cause.QUEUE_SUSPENDED: "An operator suspended the queue.",
    Cause.HELD: "An operator suspended the message.",
    Cause.HOLD_RULE: "A hold rule keeps the message back.",
    Cause.LEAVING: "An operator removed the message; its sender is being told.",
    Cause.NO_ROUTE: "No send connector covers the domain.",
    Cause.NOT_RESOLVED: "The recipients are not resolved yet.",
    Cause.POISON: "The message could not be processed.",
    Cause.NO_CONNECTOR: "The send connector is gone or disabled.",
    Cause.NEXT_HOP_DOWN: "The next hop cannot be reached.",
    Cause.DEFERRED: "The next hop said “later”.",
    Cause.RATE_LIMIT: "The send connector's message rate limit is reached.",
    Cause.CONNECTING: "A connection is being made.",
    Cause.CONNECTION_LIMIT: "All connections that there may be are busy.",
    Cause.PRIORITY: "Other messages go first, by priority.",
    Cause.DELIVERING: "It is being delivered.",
}


@dataclass(frozen=True, slots=True)
class Wait:
    """``because`` may quote a remote: hostile text. ``since`` and ``until`` are unix seconds, 0 where there is no such
    time. ``change`` is a sentence: what would change it."""

    cause: Cause
    because: str
    since: float = 0.0
    until: float = 0.0
    change: str = ""

    def sentence(self) -> str:
        """All of it in one line; not the time of the next try: it passes each second, and stands in ``until``."""
        when = " It is tried again by itself." if self.until else ""
        return f"{self.because}{when} {self.change}".strip()


@dataclass(frozen=True, slots=True)
class QueueFacts:
    """A queue now. ``last_error`` may be hostile text; ``holding`` is a sentence of ours that slows the queue down."""

    hop: NextHop
    count: int = 0
    ready: int = 0
    deferred: int = 0
    held: int = 0
    suspension: SuspendedQueue | None = None
    is_orphan: bool = False
    failures: int = 0
    failing_since: float = 0.0
    last_error: str = ""
    next_retry_at: float = 0.0
    deferred_since: float = 0.0
    oldest_at: float = 0.0
    connections: int = 0
    connecting: int = 0
    limit: int = 0
    limit_because: str = ""
    holding: str = ""


@dataclass(frozen=True, slots=True)
class MessageFacts:
    """One message of the queue. ``error`` is what was said of it last: hostile text. ``is_outranked``: messages of a
    higher priority wait in the queue; ``has_used_its_share``: its priority has all the connections that it may have."""

    status: MessageStatus
    received_at: float
    hold: Hold | None = None
    next_attempt_at: float = 0.0
    last_attempt_at: float = 0.0
    error: str = ""
    is_outranked: bool = False
    has_used_its_share: bool = False


def why_queue_waits(queue: QueueFacts) -> Wait:
    """Why what is in the queue waits."""
    if queue.suspension is not None:
        return _suspended(queue.suspension)
    if not queue.count:
        return Wait(Cause.NOTHING, "Nothing is waiting.")
    if queue.held >= queue.count:
        messages = "The message is" if queue.count == 1 else f"All {queue.count} messages are"
        return Wait(
            Cause.HELD, f"{messages} suspended.", queue.oldest_at, change="Resume what is to go; each says who held it."
        )
    return _dead_end(queue) or _flow(queue) or _deferred_queue(queue) or _delivering(queue)


def why_message_waits(message: MessageFacts, queue: QueueFacts) -> Wait:
    """Why this message of the queue waits: its own reason, else the queue's."""
    own = _own(message)
    if own is not None:
        return own
    if queue.suspension is not None:
        return _suspended(queue.suspension)
    dead_end = _dead_end(queue)
    if dead_end is not None:
        if queue.hop.delivery_type is DeliveryType.POISON and message.error:
            return Wait(Cause.POISON, _sentence(message.error), message.received_at, change=dead_end.change)
        return Wait(dead_end.cause, dead_end.because, message.received_at, dead_end.until, dead_end.change)
    if message.next_attempt_at and message.next_attempt_at >= queue.next_retry_at:
        because = f"It was deferred: {_sentence(message.error)}" if message.error else "It waits for its time."
        return Wait(Cause.DEFERRED, because, message.last_attempt_at, message.next_attempt_at, "Or retry it now.")
    flow = _flow(queue)
    if flow is not None:
        return flow
    if message.has_used_its_share:
        because = "As many messages of its priority are being delivered to the next hop as may be at once."
        change = "It goes when one of them has gone; the organisation's settings say how many there may be."
        return Wait(Cause.PRIORITY, because, message.received_at, change=change)
    if message.is_outranked:
        because = "Messages of a higher priority wait in this queue and go first."
        return Wait(Cause.PRIORITY, because, message.received_at, change="It goes when they have gone.")
    return _delivering(queue)


def _suspended(order: SuspendedQueue) -> Wait:
    who = order.by or "An operator"
    because = f"{who} suspended the queue: {_sentence(order.reason)}" if order.reason else f"{who} suspended the queue."
    return Wait(Cause.QUEUE_SUSPENDED, because, order.at, change="Resume it to deliver its mail.")


def _own(message: MessageFacts) -> Wait | None:
    if message.status is MessageStatus.ACTIVE:
        return Wait(Cause.DELIVERING, "It is being delivered now.")
    if message.status is MessageStatus.PENDING_SUSPEND:
        return Wait(Cause.DELIVERING, "It is being delivered now; it is suspended if that does not succeed.")
    if message.status is MessageStatus.PENDING_REMOVE:
        return Wait(Cause.LEAVING, "An operator removed it; its delivery in progress ends first.")
    if message.status is not MessageStatus.SUSPENDED:
        return None
    hold = message.hold
    if hold is None:
        return Wait(Cause.HELD, "An operator suspended it.", message.received_at, change="Resume it to deliver it.")
    if hold.rule_id:
        change = "Lift the rule, or resume the message."
        return Wait(Cause.HOLD_RULE, _sentence(hold.sentence), message.received_at, change=change)
    return Wait(Cause.HELD, _sentence(hold.sentence), hold.at, change="Resume it to deliver it.")


_ASKED_AGAIN = "The directory is asked again by itself (organisation: resolver retry interval), or retry the queue."


def _dead_end(queue: QueueFacts) -> Wait | None:
    """A queue that delivers nothing."""
    kind = queue.hop.delivery_type
    if kind is DeliveryType.UNREACHABLE:
        because, change = "No send connector covers these domains.", "Publish one that does, and the mail is routed."
        return Wait(Cause.NO_ROUTE, because, queue.oldest_at, change=change)
    if kind is DeliveryType.SUBMISSION:
        because = "The recipients could not be resolved yet."
        return Wait(Cause.NOT_RESOLVED, because, queue.oldest_at, change=_ASKED_AGAIN)
    if kind is DeliveryType.POISON:
        because = "These messages could not be processed."
        return Wait(Cause.POISON, because, queue.oldest_at, change="An operator decides: resubmit, export or remove.")
    if queue.is_orphan:
        because = f"The send connector '{queue.hop.connector_id}' is gone or disabled."
        return Wait(Cause.NO_CONNECTOR, because, queue.oldest_at, change="The mail is routed again.")
    return None


def _flow(queue: QueueFacts) -> Wait | None:
    """What slows down all of the queue."""
    if queue.failures and queue.next_retry_at:
        because = f"The next hop cannot be reached. {_sentence(queue.last_error)}"
        return Wait(Cause.NEXT_HOP_DOWN, because, queue.failing_since, queue.next_retry_at, "Or retry it now.")
    if queue.holding and queue.deferred < queue.count:
        return Wait(Cause.RATE_LIMIT, queue.holding)
    if queue.connections == 0 and queue.connecting:
        error = _sentence(queue.last_error) if queue.failures else ""
        return Wait(Cause.CONNECTING, f"A connection is being made. {error}".strip(), queue.failing_since)
    if queue.limit and queue.connections >= queue.limit and queue.ready > queue.connections:
        change = "The send connector's maximum of connections decides, and what the next hop takes."
        busy = (
            f"All {queue.limit} connections that there may be now are" if queue.limit > 1 else "The only connection is"
        )
        because = f"{busy} busy. {queue.limit_because}".strip()
        return Wait(Cause.CONNECTION_LIMIT, because, queue.oldest_at, change=change)
    return None


def _deferred_queue(queue: QueueFacts) -> Wait | None:
    if queue.deferred + queue.held < queue.count or not queue.next_retry_at:
        return None
    what = "A message was deferred" if queue.deferred == 1 else f"{queue.deferred} messages were deferred"
    because = f"{what}: {_sentence(queue.last_error)}" if queue.last_error else f"{what}."
    return Wait(Cause.DEFERRED, because, queue.deferred_since, queue.next_retry_at, "Or retry them now.")


def _delivering(queue: QueueFacts) -> Wait:
    plural = "s" if queue.connections != 1 else ""
    return Wait(Cause.DELIVERING, f"Messages are being delivered over {queue.connections} connection{plural}.")


def _sentence(text: str) -> str:
    text = text.strip()
    return text if not text or text.endswith((".", "!", "?")) else f"{text}."
