"""A delivery queue as people see it: a QueueSnapshot, and the messages in it."""

from __future__ import annotations

from collections.abc import Mapping

from transport.model.envelope import Message, encode_queue_id
from transport.model.priority import Priority
from transport.model.queued import MessageStatus, QueuedMessage
from transport.model.snapshot import QueueSnapshot, QueueStatus
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.transaction import NOTHING_READ, Transaction, TransactionState
from transport.rules.waiting import MessageFacts, QueueFacts, why_message_waits, why_queue_waits

SHOWN_RECIPIENTS = 20


def facts(queue: DeliveryQueue, *, is_orphan: bool) -> QueueFacts:
    """The queue now, as far as it decides about waiting."""
    waiting, health, courier = queue.waiting, queue.health, queue.courier
    deferred = waiting.deferred_count + (waiting.ready_count if health.next_retry_at else 0)
    is_waiting = deferred and deferred + queue.held_count >= len(queue)
    first = waiting.first_deferred
    return QueueFacts(
        hop=queue.hop,
        count=len(queue),
        ready=waiting.ready_count,
        deferred=deferred,
        held=queue.held_count,
        suspension=queue.suspension,
        is_orphan=is_orphan,
        failures=health.failures,
        failing_since=health.first_retry_at,
        last_error=health.last_error,
        next_retry_at=health.next_retry_at or (waiting.next_wake_at if is_waiting else 0.0),
        deferred_since=first.recipients[0].last_attempt_at if first is not None else 0.0,
        oldest_at=_oldest_at(queue),
        connections=courier.connections if courier else 0,
        connecting=courier.connecting if courier else 0,
        limit=courier.limit if courier else 0,
        limit_because=courier.limit_because if courier else "",
        holding=courier.holding if courier else "",
    )


def snapshot(queue: DeliveryQueue, now: float, *, is_orphan: bool) -> QueueSnapshot:
    """The queue now."""
    known, health = facts(queue, is_orphan=is_orphan), queue.health
    wait = why_queue_waits(known)
    return QueueSnapshot(
        key=queue.key,
        delivery_type=queue.hop.delivery_type.value,
        next_hop=queue.hop.domain,
        connector_id=queue.hop.connector_id,
        status=_status(queue, known),
        message_count=known.count,
        deferred_count=known.deferred,
        oldest_at=known.oldest_at,
        first_retry_at=health.first_retry_at,
        last_retry_at=health.last_retry_at,
        next_retry_at=known.next_retry_at,
        retry_count=health.failures,
        last_error=health.last_error,
        last_reply=health.last_reply if known.deferred else health.said,  # while mail waits, what it waits for
        incoming_per_min=queue.incoming.per_minute(now),
        outgoing_per_min=queue.outgoing.per_minute(now),
        connections=known.connections,
        waiting_because=wait.sentence(),
        connection_limit=known.limit,
        connection_limit_because=known.limit_because,
        suspended_count=known.held,
        waiting_cause=wait.cause.value,
        waiting_since=wait.since,
        waiting_until=wait.until,
        waiting_change=wait.change,
        skipping=queue.courier.skipping if queue.courier else "",
    )


def _status(queue: DeliveryQueue, known: QueueFacts) -> QueueStatus:
    if queue.is_suspended:
        return QueueStatus.SUSPENDED
    if known.next_retry_at:
        return QueueStatus.RETRY
    if known.connecting and not known.connections:
        return QueueStatus.CONNECTING
    return QueueStatus.ACTIVE if queue.active else QueueStatus.READY


def _oldest_at(queue: DeliveryQueue) -> float:
    """When the oldest message came: those of the front are the oldest, but for retries that joined again."""
    return min((transaction.received_at for transaction in queue.cut(0, 50)), default=0.0)


def status_of(queue: DeliveryQueue, transaction: Transaction) -> MessageStatus:
    """Where one transaction of the queue is."""
    state = transaction.state
    if state is TransactionState.ACTIVE:
        if transaction.pending is None:
            return MessageStatus.ACTIVE
        return MessageStatus.PENDING_REMOVE if transaction.pending.hold.is_removal else MessageStatus.PENDING_SUSPEND
    if state is TransactionState.HELD:
        return MessageStatus.SUSPENDED
    if state is TransactionState.DEFERRED or queue.health.next_retry_at:
        return MessageStatus.RETRY
    return MessageStatus.READY


def queued_message(
    queue: DeliveryQueue, transaction: Transaction, known: QueueFacts, read: Mapping[int, Message] = NOTHING_READ
) -> QueuedMessage:
    """One transaction of the queue; ``known`` are the queue's facts, ``read`` is what was read from the spool."""
    status = status_of(queue, transaction)
    try:
        message, recipients = transaction.peek(read)
    except (MessageDamaged, SpoolUnavailable) as unreadable:
        return _unreadable(queue, transaction, status, str(unreadable))
    first = recipients[0]
    next_at = transaction.wake_at if transaction.state is TransactionState.DEFERRED else 0.0
    error = first.last_reply or first.last_reason
    wait = why_message_waits(
        MessageFacts(
            status=status,
            received_at=message.received_at,
            hold=first.hold,
            next_attempt_at=next_at,
            last_attempt_at=first.last_attempt_at,
            error=error,
            is_outranked=queue.waiting.is_outranked(transaction),
            has_used_its_share=queue.waiting.has_used_its_share(transaction.rank),
        ),
        known,
    )
    return QueuedMessage(
        message_id=message.id,
        queue_id=message.queue_id,
        queue=queue.key,
        sender=str(message.envelope_sender),
        recipients=tuple(str(one.address) for one in recipients[:SHOWN_RECIPIENTS]),
        recipient_count=len(recipients),
        subject=message.subject,
        size_bytes=message.size_bytes,
        received_at=message.received_at,
        expires_at=message.expires_at,
        status=status,
        attempts=max(recipient.attempts for recipient in recipients),
        next_attempt_at=0.0 if status is MessageStatus.SUSPENDED else max(next_at, queue.health.next_retry_at),
        last_error=first.last_reason or first.last_reply or queue.health.last_error,
        last_reply=first.last_reply,
        priority="" if message.priority is Priority.NORMAL else message.priority.value,
        cause=wait.cause.value,
        because=wait.because,
        since=wait.since,
        until=wait.until,
        change=wait.change,
    )


def _unreadable(queue: DeliveryQueue, transaction: Transaction, status: MessageStatus, why: str) -> QueuedMessage:
    return QueuedMessage(
        message_id=transaction.message_id,
        queue_id=encode_queue_id(transaction.message_id),
        queue=queue.key,
        sender="",
        recipients=(),
        recipient_count=len(transaction.indexes),
        subject="",
        size_bytes=0,
        received_at=transaction.received_at,
        expires_at=0.0,
        status=status,
        attempts=0,
        next_attempt_at=0.0,
        last_error=why,
        last_reply="",
        because=why,
    )
