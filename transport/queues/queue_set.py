"""The delivery queues of a node by their next hops: where mail enters them, and leaves them to be routed again."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import structlog

from transport.config.document import MailFlow
from transport.model.envelope import Message, Recipient
from transport.model.next_hop import POISON, NextHop
from transport.model.orders import SuspendedQueue
from transport.model.outcome import Outcome
from transport.model.ruled import Notice
from transport.ports.spool import Spool
from transport.queues.alike import are_new, by_state
from transport.queues.bodies import DEFAULT_BYTES, BodyBudget
from transport.queues.carriers import Carriers
from transport.queues.counters import Counters
from transport.queues.courier import Couriers
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.ledger import Ledger
from transport.queues.notifier import Notifier, SubmitDsn
from transport.queues.poison import poison, unread
from transport.queues.removal import Remover
from transport.queues.rerouting import Rerouted, Rerouting, read_on
from transport.queues.scheduler import Scheduler
from transport.queues.shelf import Shelf
from transport.queues.sweeper import Sweeper
from transport.queues.taking_back import TakingBack
from transport.queues.transaction import Transaction
from transport.rules.dsn import DsnKind, DsnSettings, Told
from transport.rules.retry import RetryPolicies

log = structlog.get_logger(__name__)


class QueueSet:
    """All methods run on the engine's loop. ``submit_dsn`` enters a notification as a message of its own;
    ``reroute`` routes recipients again whose send connector is gone; ``memory_bytes`` bounds waiting bodies."""

    def __init__(
        self,
        *,
        spool: Spool,
        couriers: Couriers,
        submit_dsn: SubmitDsn,
        document: MailFlow,
        hostname: str,
        clock: Callable[[], float],
        reroute: Callable[[Message, list[Recipient]], None] | None = None,
        memory_bytes: int = DEFAULT_BYTES,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._reroute = reroute
        self._rerouting = Rerouting(self._decide_again if reroute is not None else None)
        self._carriers = Carriers(couriers, hostname, retired=self._rerouting.orphan)
        self._notifier = Notifier(
            spool=spool, submit_dsn=submit_dsn, settings=DsnSettings.of(document, hostname), clock=clock
        )
        self._ledger = Ledger(spool, self._notifier, RetryPolicies.of(document), clock=clock, chance=chance)
        self._scheduler = Scheduler(clock)
        self._shelf = Shelf(spool, self._ledger, self._scheduler, clock, budget=BodyBudget(memory_bytes), chance=chance)
        self._shelf.set_aside = self._set_aside
        self._shelf.orphaned, self._shelf.unread = self._rerouting.soon, self._rerouting.unread
        self._shelf.remove = Remover(spool, self._notifier, self._ledger.counters, clock).remove
        self._shelf.is_lifted = self._is_lifted
        self._suspended: dict[str, SuspendedQueue] = {}
        self._hold_rules: frozenset[str] | None = None
        self._queues: dict[NextHop, DeliveryQueue] = {}
        self._sweeper = Sweeper(self._queues.values, clock, self._shelf.parking)
        self._use(document)

    def _use(self, document: MailFlow) -> None:
        self._carriers.use(document)
        self._max_idle_s = document.organization.queue_max_idle_time
        self._shelf.poison_threshold = document.organization.poison_threshold
        self._shelf.connection_shares.clear()
        self._shelf.connection_shares.update(document.organization.connection_shares)
        self._ledger.policies = RetryPolicies.of(document)
        self._notifier.settings = DsnSettings.of(document, self._carriers.hostname)
        self._rerouting.begin_anew()

    @property
    def counters(self) -> Counters:
        return self._ledger.counters

    @property
    def memory_used_bytes(self) -> int:
        """Octets of waiting messages in memory."""
        return self._shelf.budget.used_bytes

    @property
    def dsn_pending(self) -> int:
        """Notifications still to be made."""
        return self._notifier.pending

    @property
    def dsn_suppressed(self) -> int:
        """Notifications that were not sent, since the node started: their senders had enough."""
        return self._notifier.suppressed

    def enqueue(self, message: Message, recipients: Sequence[Recipient], *, is_stored: bool = False) -> None:
        """Queue ``recipients`` by their next hops; ``message.body`` is taken over where it is set.

        Right after the commit, and at recovery (body None; ``is_stored``: all of it is as it is in the spool). Every
        recipient has a next hop.
        """
        body, message.body = message.body, None
        hop = recipients[0].next_hop if recipients else None
        if hop is not None and are_new(recipients, hop):
            self._queue(hop).add(message, list(recipients), body, is_stored=is_stored)
            return
        groups: dict[NextHop, list[Recipient]] = {}
        for recipient in recipients:
            assert recipient.next_hop is not None
            groups.setdefault(recipient.next_hop, []).append(recipient)
        for hop, group in groups.items():
            for alike in by_state(group):
                self._queue(hop).add(message, alike, body, is_stored=is_stored)

    def fail(self, message: Message, failed: Sequence[tuple[Recipient, Outcome]]) -> None:
        """Give up recipients of a message in the spool: tell the sender, then make them final."""
        self._ledger.give_up(str(failed[0][0].next_hop or ""), message, failed)

    def tell_delivered(self, message: Message, told: Sequence[Told]) -> None:
        """Tell the sender, who asked for it, that the message reached where its delivery ends for us."""
        self._notifier.tell(DsnKind.DELIVERED, message, told, body=None, then=lambda _: None)

    def tell_by_rules(self, message: Message, notices: Sequence[Notice]) -> None:
        """Send the sender what mail flow rules say of the message."""
        self._notifier.say(message, notices)

    def set_aside(self, message: Message, recipients: list[Recipient], reason: str) -> None:
        """Keep recipients of a message that cannot be processed in the Poison queue, for an operator."""
        poison(self._spool, message, recipients, reason, now=self._clock())
        self._queue(POISON).add(message, recipients, None)

    def _set_aside(self, transaction: Transaction, reason: str) -> None:
        if transaction.parked is None:
            self.set_aside(transaction.message, transaction.recipients, reason)
        else:
            unread(self._spool, transaction, reason, now=self._clock())
            self._queue(POISON).take_in(transaction.moved())

    async def take_back(self, message_ids: set[int]) -> set[int]:
        """Messages leave all queues: they are in another's care. Returns those that stay, as they are being delivered
        right now."""
        return await TakingBack(self.all, message_ids).run() if message_ids else set()

    def all(self) -> list[DeliveryQueue]:
        """The queues there are now."""
        return list(self._queues.values())

    def take(self, hop: NextHop) -> Rerouted:
        """Empty the queue of ``hop``; the caller decides about its mail again."""
        queue = self._queues.get(hop)
        return read_on(queue.take_all()) if queue is not None else iter(())

    def _queue(self, hop: NextHop) -> DeliveryQueue:
        queue = self._queues.get(hop)
        if queue is None:
            queue = self._queues[hop] = DeliveryQueue(hop, self._shelf, self._sweeper.soon)
            queue.suspension = self._suspended.get(queue.key)
            self._sweeper.start()
            self._open(queue)
        return queue

    def _open(self, queue: DeliveryQueue) -> None:
        if queue.is_deliverable and not self._carriers.open(queue):
            self._rerouting.soon(queue)

    def _decide_again(self, message: Message, recipients: list[Recipient]) -> None:
        try:
            if self._reroute is not None:
                self._reroute(message, recipients)
        except Exception:  # what is wrong with one must not keep all the others out of their queues
            log.exception("queue.message_not_routed_again", queue_id=message.queue_id)

    def look_for_orphans(self) -> None:
        """Mail may have come, from the spool of an earlier configuration, for connectors that are gone."""
        for queue in self.all():
            if queue:
                self._rerouting.orphan(queue)

    def _is_lifted(self, rule_id: str) -> bool:
        return self._hold_rules is not None and rule_id not in self._hold_rules
