"""All delivery queues of a node at work: under which configuration, what operators order, what dashboards show."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Sequence
from itertools import chain

from transport.config.document import MailFlow
from transport.config.objects import SendConnector
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.model.hold import Hold
from transport.model.next_hop import POISON, UNREACHABLE, NextHop
from transport.model.orders import StandingOrders
from transport.model.outcome import RecipientStatus
from transport.model.snapshot import QueueSnapshot
from transport.ports.spool import RecipientUpdate
from transport.queues import snapshots, steps
from transport.queues.carriers import covers
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.queue_set import QueueSet
from transport.queues.rerouting import Rerouted, read_on
from transport.queues.transaction import Transaction
from transport.rules.waiting import QueueFacts


class UnknownQueue(LookupError):
    """There is no queue with this key now."""


class DeliveryQueues(QueueSet):
    """All methods run on the engine's loop."""

    def apply(self, document: MailFlow) -> Rerouted:
        """Work under ``document`` from now on; returns what must be routed again: the Unreachable queue, and queues
        whose connector is gone, disabled or covers something else."""
        before, hostname = self._carriers.connectors, self._carriers.hostname
        self._use(document)
        leaving: list[DeliveryQueue] = []
        for queue in self._queues.values():
            old, new = before.get(queue.hop.connector_id), self._carriers.connectors.get(queue.hop.connector_id)
            if not queue.is_deliverable:
                leaving += [queue] if queue.hop != POISON else []
            elif new is None or not new.is_enabled or covers(old) != covers(new):
                self._carriers.retire(queue)
                leaving.append(queue)
                if new is not None and new.is_enabled:
                    self._open(queue)
            elif old != new or hostname != self._carriers.hostname or queue.courier is None:
                self._carriers.retire(queue)
                self._open(queue)
                queue.retry_now()
        self._shelf.parking.look_again()
        return chain.from_iterable([read_on(queue.take_all()) for queue in sorted(leaving, key=len)])

    # What operators do and see.

    def retry(self, key: str) -> int:
        """Try everything in the queue now, or route it again where nothing is to be tried; returns how many messages.
        Raises UnknownQueue."""
        queue = self._by_key(key)
        if queue.is_deliverable or self._reroute is None or queue.is_suspended:
            return queue.retry_now()
        count = queue.waiting.ready_count + queue.waiting.deferred_count
        steps.go_on(read_on(queue.take_all()), self._rerouting.decide)
        return count

    def obey(self, orders: StandingOrders, *, is_known: bool = True) -> None:
        """Suspend these queues and no others; hold rules that are not among these hold nothing any more. Not
        ``is_known``: the orders could not be read, so what is held stays held."""
        before, self._suspended = self._suspended, {one.key: one for one in orders.suspended}
        self._hold_rules = frozenset(rule.id for rule in orders.holds) if is_known else None
        for key in self._suspended:
            with contextlib.suppress(ValueError):  # a delivery type of another version is no queue of ours
                self._queue(NextHop.parse(key)).suspension = self._suspended[key]
        for queue in list(self._queues.values()):
            if queue.key in before and queue.key not in self._suspended:
                queue.suspension = None
                self._resume(queue)

    def _resume(self, queue: DeliveryQueue) -> None:
        if queue.is_deliverable:
            queue.retry_now()
            self._rerouting.orphan(queue)
        elif queue.hop == UNREACHABLE:
            self.retry(queue.key)  # the configuration may have changed meanwhile

    def is_lifted(self, transaction: Transaction) -> bool:
        """Whether the hold rule that holds it is no more."""
        hold = transaction.hold
        return hold is not None and bool(hold.rule_id) and self._is_lifted(hold.rule_id)

    def connector(self, connector_id: str) -> SendConnector | None:
        """The enabled send connector of that id."""
        return self._carriers.connector(connector_id)

    def reroute(self, queue: DeliveryQueue, transaction: Transaction) -> None:
        """Resolve and route what waits in ``queue`` again."""
        queue.pull(transaction)
        for recipient in transaction.recipients:
            recipient.status, recipient.next_attempt_at = RecipientStatus.READY, 0.0
        if self._reroute is not None:
            self._reroute(transaction.message, transaction.recipients)

    def remove(self, queue: DeliveryQueue, transaction: Transaction, hold: Hold) -> None:
        """Take what waits in ``queue`` out for good."""
        queue.pull(transaction)
        self._shelf.remove(queue.key, transaction.message, transaction.recipients, hold)

    def write(self, message: Message, recipients: Sequence[Recipient], events: Sequence[TrackingEvent]) -> None:
        """Write the state of recipients down, with what happened to them."""
        self._spool.update([RecipientUpdate(message.id, recipient) for recipient in recipients], events)

    def revive(self, queue: DeliveryQueue) -> None:
        """What was held in ``queue`` may go: where its connector is gone, on another way."""
        self._rerouting.orphan(queue)

    def facts(self, queue: DeliveryQueue) -> QueueFacts:
        """What decides why its mail waits."""
        return snapshots.facts(queue, is_orphan=queue.is_orphan)

    def _by_key(self, key: str) -> DeliveryQueue:
        try:
            return self._queues[NextHop.parse(key)]
        except (KeyError, ValueError):
            raise UnknownQueue(f"there is no queue '{key}'") from None

    def snapshot(self, now: float) -> tuple[QueueSnapshot, ...]:
        """Every queue; queues that have been empty for long are forgotten."""
        for hop, queue in list(self._queues.items()):
            if not queue and not queue.is_suspended and now - queue.emptied_at > self._max_idle_s:
                self._carriers.retire(queue)
                del self._queues[hop]
        return tuple(snapshots.snapshot(q, now, is_orphan=q.is_orphan) for q in self._queues.values())

    def run_due(self) -> None:
        """Do what is due by the clock; happens by itself."""
        self._scheduler.run_due()

    async def sweep(self) -> None:
        """Look at every waiting message for expiry and delay; happens by itself every few seconds."""
        await self._sweeper.sweep(self._queues.values())

    async def drain(self, timeout_s: float) -> None:
        """Begin nothing more; let transactions and notifications in progress end; close."""
        self._shelf.is_draining = True
        self._sweeper.stop()
        couriers = [queue.courier for queue in self._queues.values() if queue.courier is not None]
        await asyncio.gather(*(courier.close(timeout_s) for courier in couriers), self._carriers.retired(timeout_s))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._notifier.drain(), timeout_s)
        self._notifier.stop()
        self._scheduler.stop()
