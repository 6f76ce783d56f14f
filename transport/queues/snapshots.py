"""A delivery queue as people see it: a QueueSnapshot, and the messages in it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice

from transport.model.outcome import RecipientStatus
from transport.model.snapshot import QueueSnapshot, QueueStatus
from transport.queues import words
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.transaction import Transaction, TransactionState


@dataclass(frozen=True, slots=True)
class QueuedMessage:
    """One message in a queue. Addresses, replies and the subject are hostile text; times are unix seconds."""

    message_id: int
    queue_id: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    size_bytes: int
    received_at: float
    expires_at: float
    status: RecipientStatus
    attempts: int
    next_attempt_at: float
    last_error: str
    last_reply: str


def snapshot(queue: DeliveryQueue, now: float, *, is_orphan: bool) -> QueueSnapshot:
    """The queue now."""
    waiting, health, courier = queue.waiting, queue.health, queue.courier
    connections = courier.connections if courier else 0
    connecting = courier.connecting if courier else 0
    deferred = waiting.deferred_count + (waiting.ready_count if health.next_retry_at else 0)
    next_at = health.next_retry_at or (waiting.next_wake_at if deferred == len(queue) else 0.0)
    status = _status(queue, connections=connections, connecting=connecting, next_at=next_at)
    return QueueSnapshot(
        key=queue.key,
        delivery_type=queue.hop.delivery_type.value,
        next_hop=queue.hop.domain,
        connector_id=queue.hop.connector_id,
        status=status,
        message_count=len(queue),
        deferred_count=deferred,
        oldest_at=_oldest_at(queue),
        first_retry_at=health.first_retry_at,
        last_retry_at=health.last_retry_at,
        next_retry_at=next_at,
        retry_count=health.failures,
        last_error=health.last_error,
        last_reply=health.last_reply,
        incoming_per_min=queue.incoming.per_minute(now),
        outgoing_per_min=queue.outgoing.per_minute(now),
        connections=connections,
        waiting_because=words.waiting_because(
            queue.hop,
            count=len(queue),
            deferred=deferred,
            is_suspended=queue.is_suspended,
            is_orphan=is_orphan,
            failures=health.failures,
            last_error=health.last_error,
            retry_in_s=next_at - now if next_at else -1.0,
            connections=connections,
            connecting=connecting,
            holding=courier.holding if courier else "",
        ),
        connection_limit=courier.limit if courier else 0,
        connection_limit_because=courier.limit_because if courier else "",
    )


def _status(queue: DeliveryQueue, *, connections: int, connecting: int, next_at: float) -> QueueStatus:
    if queue.is_suspended:
        return QueueStatus.SUSPENDED
    if next_at:
        return QueueStatus.RETRY
    if connecting and not connections:
        return QueueStatus.CONNECTING
    return QueueStatus.ACTIVE if queue.active else QueueStatus.READY


def _oldest_at(queue: DeliveryQueue) -> float:
    """When the oldest message came: those of the front are the oldest, but for retries that joined again."""
    return min((transaction.received_at for transaction in islice(queue, 50)), default=0.0)


def queued_message(queue: DeliveryQueue, transaction: Transaction) -> QueuedMessage:
    """One transaction of the queue."""
    message, first = transaction.message, transaction.recipients[0]
    status = {
        TransactionState.ACTIVE: RecipientStatus.ACTIVE,
        TransactionState.HELD: RecipientStatus.SUSPENDED,
        TransactionState.DEFERRED: RecipientStatus.RETRY,
    }.get(transaction.state, RecipientStatus.RETRY if queue.health.next_retry_at else RecipientStatus.READY)
    next_at = transaction.wake_at if transaction.state is TransactionState.DEFERRED else queue.health.next_retry_at
    return QueuedMessage(
        message_id=message.id,
        queue_id=message.queue_id,
        sender=str(message.envelope_sender),
        recipients=tuple(str(recipient.address) for recipient in transaction.recipients),
        subject=message.subject,
        size_bytes=message.size_bytes,
        received_at=message.received_at,
        expires_at=message.expires_at,
        status=status,
        attempts=max(recipient.attempts for recipient in transaction.recipients),
        next_attempt_at=next_at,
        last_error=first.last_reason or first.last_reply or queue.health.last_error,
        last_reply=first.last_reply,
    )
