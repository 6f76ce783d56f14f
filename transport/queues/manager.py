"""All delivery queues of a node: mail in, outcomes to the spool, commands of operators, what dashboards show."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import Callable, Iterable, Iterator, Sequence

import structlog

from transport.config.document import MailFlow
from transport.config.objects import SendConnector
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.model.hold import Hold
from transport.model.next_hop import POISON, UNREACHABLE, NextHop
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.outcome import Outcome, RecipientStatus
from transport.model.ruled import Notice
from transport.model.snapshot import QueueSnapshot
from transport.ports.spool import RecipientUpdate, Spool
from transport.queues import snapshots
from transport.queues.bodies import DEFAULT_BYTES, BodyBudget
from transport.queues.counters import Counters
from transport.queues.courier import Couriers
from transport.queues.delivery_queue import DeliveryQueue
from transport.queues.ledger import Ledger
from transport.queues.notifier import Notifier, SubmitDsn
from transport.queues.poison import poison
from transport.queues.removal import Remover
from transport.queues.scheduler import Scheduler
from transport.queues.shelf import Shelf
from transport.queues.sweeper import Sweeper
from transport.queues.transaction import Transaction
from transport.rules.dsn import DsnKind, DsnSettings, Told
from transport.rules.retry import RetryPolicies
from transport.rules.waiting import QueueFacts

RETIRE_S = 660.0  # longer than a server may take after the dot: to cut it short would send the message twice
QUEUE_MAX_IDLE_S = 180.0  # Exchange's QueueMaxIdleTime
Rerouted = Iterator[tuple[Message, list[Recipient]]]
log = structlog.get_logger(__name__)


class UnknownQueue(LookupError):
    """There is no queue with this key now."""


class DeliveryQueues:
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
        self._couriers = couriers
        self._default_hostname = hostname
        self._clock = clock
        self._reroute = reroute
        self._notifier = Notifier(
            spool=spool, submit_dsn=submit_dsn, settings=DsnSettings.of(document, hostname), clock=clock
        )
        self._ledger = Ledger(spool, self._notifier, RetryPolicies.of(document), clock=clock, chance=chance)
        self._scheduler = Scheduler(clock)
        self._shelf = Shelf(spool, self._ledger, self._scheduler, clock, budget=BodyBudget(memory_bytes), chance=chance)
        self._shelf.set_aside = self.set_aside
        self._shelf.remove = Remover(spool, self._notifier, self._ledger.counters, clock).remove
        self._shelf.is_lifted = self._is_lifted
        self._suspended: dict[str, SuspendedQueue] = {}
        self._hold_rules: frozenset[str] | None = None
        self._queues: dict[NextHop, DeliveryQueue] = {}
        self._sweeper = Sweeper(self._queues.values, clock, self._shelf.parking)
        self._connectors: dict[str, SendConnector] = {}
        self._hostname = hostname
        self._rerouted: set[int] = set()
        self._retiring: set[asyncio.Task[None]] = set()
        self._use(document)

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

    # Mail in.

    def enqueue(self, message: Message, recipients: Sequence[Recipient], *, is_stored: bool = False) -> None:
        """Queue ``recipients`` by their next hops; ``message.body`` is taken over where it is set.

        Right after the commit, and at recovery (body None; ``is_stored``: all of it is as it is in the spool). Every
        recipient has a next hop.
        """
        body, message.body = message.body, None
        hop = recipients[0].next_hop if recipients else None
        if hop is not None and _are_new(recipients, hop):
            self._queue(hop).add(message, list(recipients), body, is_stored=is_stored)
            return
        groups: dict[NextHop, list[Recipient]] = {}
        for recipient in recipients:
            assert recipient.next_hop is not None
            groups.setdefault(recipient.next_hop, []).append(recipient)
        for hop, group in groups.items():
            for alike in _by_state(group):
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

    def take_back(self, message_ids: set[int]) -> set[int]:
        """Messages leave all queues: they are in another's care. Returns those that stay, as they are being delivered
        right now."""
        if not message_ids:
            return set()
        busy = message_ids & {active for queue in self._queues.values() for active in queue.active_ids()}
        for queue in self._queues.values():
            queue.take_back(message_ids - busy)
        return busy

    def take(self, hop: NextHop) -> Rerouted:
        """Empty the queue of ``hop``; the caller decides about its mail again."""
        queue = self._queues.get(hop)
        return _read(queue.take_all() if queue is not None else [])

    def _queue(self, hop: NextHop) -> DeliveryQueue:
        queue = self._queues.get(hop)
        if queue is None:
            queue = self._queues[hop] = DeliveryQueue(hop, self._shelf, self._sweeper.soon)
            queue.suspension = self._suspended.get(queue.key)
            self._sweeper.start()
            self._open(queue)
        return queue

    def _open(self, queue: DeliveryQueue) -> None:
        if not queue.is_deliverable:
            return
        connector = self._connectors.get(queue.hop.connector_id)
        if connector is not None and connector.is_enabled:
            queue.courier = self._couriers.open(queue.hop, connector, queue, hostname=self._hostname)
        else:
            asyncio.get_running_loop().call_soon(self._reroute_orphan, queue)

    def _is_orphan(self, queue: DeliveryQueue) -> bool:
        return queue.is_deliverable and queue.courier is None

    def _reroute_orphan(self, queue: DeliveryQueue) -> None:
        """Its connector is gone: route its mail again, each message once for each configuration."""
        if self._reroute is None or not self._is_orphan(queue) or queue.is_suspended:
            return
        for message, recipients in _read(queue.take_all()):
            if message.id in self._rerouted:
                queue.add(message, recipients, None)
            else:
                self._rerouted.add(message.id)
                self._reroute(message, recipients)

    # A new configuration.

    def apply(self, document: MailFlow) -> Rerouted:
        """Work under ``document`` from now on; returns what must be routed again: the Unreachable queue, and queues
        whose connector is gone, disabled or covers something else."""
        before, hostname = self._connectors, self._hostname
        self._use(document)
        rerouted: list[Transaction] = []
        for queue in self._queues.values():
            old, new = before.get(queue.hop.connector_id), self._connectors.get(queue.hop.connector_id)
            if not queue.is_deliverable:
                rerouted += queue.take_all() if queue.hop != POISON else []
            elif new is None or not new.is_enabled or _covers(old) != _covers(new):
                self._retire(queue)
                rerouted += queue.take_all()
                if new is not None and new.is_enabled:
                    self._open(queue)
            elif old != new or hostname != self._hostname or queue.courier is None:
                self._retire(queue)
                self._open(queue)
                queue.retry_now()
        self._shelf.parking.look_again()
        return _read(rerouted)

    def _use(self, document: MailFlow) -> None:
        self._connectors = {connector.id: connector for connector in document.send_connectors}
        self._hostname = document.organization.hostname or self._default_hostname
        self._shelf.poison_threshold = document.organization.poison_threshold
        self._shelf.connection_shares.clear()
        self._shelf.connection_shares.update(document.organization.connection_shares)
        self._ledger.policies = RetryPolicies.of(document)
        self._notifier.settings = DsnSettings.of(document, self._hostname)
        self._rerouted.clear()

    def _retire(self, queue: DeliveryQueue) -> None:
        """Its connections end what they are doing, then close."""
        courier, queue.courier = queue.courier, None
        if courier is not None:
            task = asyncio.get_running_loop().create_task(courier.close(RETIRE_S))
            self._retiring.add(task)
            task.add_done_callback(self._retiring.discard)

    # What operators do and see.

    def retry(self, key: str) -> int:
        """Try everything in the queue now, or route it again where nothing is to be tried; returns how many messages.
        Raises UnknownQueue."""
        queue = self._by_key(key)
        if queue.is_deliverable or self._reroute is None or queue.is_suspended:
            return queue.retry_now()
        leaving = queue.take_all()
        for message, recipients in _read(leaving):
            self._reroute(message, recipients)
        return len(leaving)

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
            self._reroute_orphan(queue)
        elif queue.hop == UNREACHABLE:
            self.retry(queue.key)  # the configuration may have changed meanwhile

    def _is_lifted(self, rule_id: str) -> bool:
        return self._hold_rules is not None and rule_id not in self._hold_rules

    def is_lifted(self, transaction: Transaction) -> bool:
        """Whether the hold rule that holds it is no more."""
        hold = transaction.hold
        return hold is not None and bool(hold.rule_id) and self._is_lifted(hold.rule_id)

    def connector(self, connector_id: str) -> SendConnector | None:
        """The enabled send connector of that id."""
        found = self._connectors.get(connector_id)
        return found if found is not None and found.is_enabled else None

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
        self._reroute_orphan(queue)

    def all(self) -> list[DeliveryQueue]:
        """The queues there are now."""
        return list(self._queues.values())

    def facts(self, queue: DeliveryQueue) -> QueueFacts:
        """What decides why its mail waits."""
        return snapshots.facts(queue, is_orphan=self._is_orphan(queue))

    def _by_key(self, key: str) -> DeliveryQueue:
        try:
            return self._queues[NextHop.parse(key)]
        except (KeyError, ValueError):
            raise UnknownQueue(f"there is no queue '{key}'") from None

    def snapshot(self, now: float) -> tuple[QueueSnapshot, ...]:
        """Every queue; queues that have been empty for long are forgotten."""
        for hop, queue in list(self._queues.items()):
            if not queue and not queue.is_suspended and now - queue.emptied_at > QUEUE_MAX_IDLE_S:
                self._retire(queue)
                del self._queues[hop]
        return tuple(snapshots.snapshot(q, now, is_orphan=self._is_orphan(q)) for q in self._queues.values())

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
        await asyncio.gather(*(courier.close(timeout_s) for courier in couriers), self._retired(timeout_s))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._notifier.drain(), timeout_s)
        self._notifier.stop()
        self._scheduler.stop()

    async def _retired(self, timeout_s: float) -> None:
        """The couriers of former configurations have closed, or are closed now."""
        if self._retiring:
            _, late = await asyncio.wait(self._retiring, timeout=timeout_s)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)


def _read(leaving: Iterable[Transaction]) -> Rerouted:
    """Messages one by one, as they are asked for: of a long queue they are not all in memory."""
    return ((transaction.message, transaction.recipients) for transaction in leaving)


def _covers(connector: SendConnector | None) -> object:
    """What of a connector decides which mail it gets."""
    if connector is None:
        return None
    return (
        connector.address_spaces,
        connector.home_servers,
        connector.smart_hosts,
        connector.max_message_size,
        connector.source_transport_servers,
        connector.is_mta_sts_enabled and connector.is_tls_required_no_honoured,
    )


def _are_new(recipients: Sequence[Recipient], hop: NextHop) -> bool:
    """Whether they all wait alike for ``hop``, as nearly all do; False only says that it takes a closer look."""
    if len(recipients) == 1:
        return True
    for one in recipients:
        if one.next_hop is not hop or one.attempts or one.status is not RecipientStatus.READY or one.hold is not None:
            return False
    return True


def _by_state(recipients: list[Recipient]) -> list[list[Recipient]]:
    """Recipients that wait alike go together: after a restart, a message's recipients may be at different points."""
    first = recipients[0]
    if all(not one.attempts and one.status == first.status and one.hold == first.hold for one in recipients):
        return [recipients]
    groups: dict[object, list[Recipient]] = {}
    for recipient in recipients:
        groups.setdefault((recipient.status, recipient.next_attempt_at, recipient.hold), []).append(recipient)
    return list(groups.values())
