"""What each verb of an order does to one message in one queue."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from transport.config.objects import SendConnector
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.hold import Hold
from transport.model.next_hop import POISON, SUBMISSION
from transport.model.outcome import RecipientStatus
from transport.model.queue_order import QueueOrder, Verb
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.manager import DeliveryQueues
from transport.queues.transaction import Pending, Transaction, TransactionState
from transport.rules.routing import next_hop_of

Act = Callable[[DeliveryQueue, Transaction, list[Recipient]], bool]
WAITING = (TransactionState.READY, TransactionState.DEFERRED)
BUSY = "Some messages were being delivered."


class Refused(Exception):
    """Nothing can be done as ordered; ``str()`` says why."""


class Actions:
    """One order. Raises Refused. ``why_left_out`` is a sentence about messages that it was not done for."""

    def __init__(self, queues: DeliveryQueues, order: QueueOrder, clock: Callable[[], float]) -> None:
        self._queues = queues
        self._order = order
        self._clock = clock
        self._hold = Hold(
            order.by, order.reason, clock(), is_removal=order.verb is Verb.REMOVE, with_ndr=order.with_ndr
        )
        self._connector: SendConnector | None = None
        self.why_left_out = ""
        if order.verb is Verb.REDIRECT:
            self._connector = queues.connector(order.connector_id)
            if self._connector is None:
                raise Refused(f"There is no enabled send connector '{order.connector_id}'.")
        if order.verb is Verb.SET_NEXT_ATTEMPT and order.next_attempt_at <= clock():
            raise Refused("The time of the next attempt is past: retry the messages instead.")
        self._act: Act = {
            Verb.SUSPEND: self._suspend,
            Verb.RESUME: self._resume,
            Verb.RETRY: self._retry,
            Verb.SET_NEXT_ATTEMPT: self._set_next_attempt,
            Verb.REMOVE: self._remove,
            Verb.REDIRECT: self._redirect,
            Verb.RESUBMIT: self._resubmit,
        }[order.verb]

    def act(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        """Do it for ``recipients`` of a transaction of ``queue``; False where it was left out."""
        return self._act(queue, transaction, recipients)

    def is_as_ordered(self, transaction: Transaction, recipients: list[Recipient]) -> bool:
        """Whether they are as the order left them, before the node died: it is not told twice."""
        if self._connector is not None:
            return all(one.next_hop == next_hop_of(self._connector, one.address.domain) for one in recipients)
        if self._order.verb is Verb.SET_NEXT_ATTEMPT:
            until = min(self._order.next_attempt_at, transaction.message.expires_at)
            return all(one.next_attempt_at == until for one in recipients)
        return False

    def finish(self, queues: Iterable[DeliveryQueue]) -> None:
        """After the last message."""
        if self._order.verb is Verb.RESUME:
            for queue in queues:
                self._queues.revive(queue)

    def _suspend(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        if transaction.state is TransactionState.ACTIVE:
            transaction.pending = Pending(self._hold, tuple(recipients))
            return True
        if transaction.state not in WAITING:
            return self._left_out("Some were suspended already.")
        queue.hold(transaction.separate(recipients), self._hold)
        return True

    def _resume(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        pending = transaction.pending
        if pending is not None and not pending.hold.is_removal:
            transaction.pending = None
            return True
        if transaction.state is not TransactionState.HELD:
            return self._left_out("Some were not suspended.")
        queue.release(transaction.separate(recipients), f"{self._order.by} resumed it.")
        return True

    def _retry(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        if not self._may_move(transaction):
            return False
        mine = transaction.separate(recipients)
        if queue.is_deliverable:
            queue.hurry(mine)
        else:
            self._queues.reroute(queue, mine)
        return True

    def _set_next_attempt(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        if not queue.is_deliverable:
            return self._left_out("Some are in queues that try nothing by themselves.")
        if not self._may_move(transaction):
            return False
        mine = transaction.separate(recipients)
        until = min(self._order.next_attempt_at, mine.message.expires_at)
        for recipient in recipients:
            recipient.status, recipient.next_attempt_at = RecipientStatus.RETRY, until
        detail = {"next_hop": queue.key, "next_attempt_at": until}
        self._tell(mine.message, recipients, EventId.DEFER, "set the next attempt", detail)
        queue.postpone(mine, until)
        return True

    def _remove(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        if transaction.state is TransactionState.ACTIVE:
            transaction.pending = Pending(self._hold, tuple(recipients))
            return True
        self._queues.remove(queue, transaction.separate(recipients), self._hold)
        return True

    def _redirect(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        connector = self._connector
        assert connector is not None
        if queue.hop in (SUBMISSION, POISON):
            return self._left_out("Some are not resolved, or were set aside: resubmit those.")
        if connector.max_message_size is not None and transaction.message.size_bytes > connector.max_message_size:
            return self._left_out(f"Some are larger than the connector '{connector.name}' takes.")
        if not self._may_move(transaction):
            return False
        mine = transaction.separate(recipients)
        queue.pull(mine)
        for recipient in recipients:
            recipient.status, recipient.next_attempt_at = RecipientStatus.READY, 0.0
            recipient.next_hop = next_hop_of(connector, recipient.address.domain)
            row: dict[str, Any] = {
                "next_hop": str(recipient.next_hop),
                "considered": [],
                "recipients": [str(recipient.address)],
            }
            self._tell(mine.message, [recipient], EventId.ROUTE, "redirected it", row)
        self._queues.enqueue(mine.message, recipients)
        return True

    def _resubmit(self, queue: DeliveryQueue, transaction: Transaction, recipients: list[Recipient]) -> bool:
        if not self._may_move(transaction):
            return False
        self._queues.reroute(queue, transaction.separate(recipients))
        return True

    def _may_move(self, transaction: Transaction) -> bool:
        if transaction.state in WAITING:
            return True
        is_held = transaction.state is TransactionState.HELD
        return self._left_out("Some are suspended: resume those first." if is_held else BUSY)

    def _left_out(self, why: str) -> bool:
        self.why_left_out = self.why_left_out or why
        return False

    def _tell(
        self, message: Message, recipients: list[Recipient], event: EventId, what: str, detail: dict[str, Any]
    ) -> None:
        order = self._order
        reason = f"{order.by} {what}: {order.reason}" if order.reason else f"{order.by} {what}."
        events = [
            TrackingEvent(
                event, self._clock(), message_id=message.id, recipient=str(one.address), reason=reason, detail=detail
            )
            for one in recipients
        ]
        self._queues.write(message, recipients, events)
