"""One delivery queue: the mail for one next hop, and when it is tried.

It never touches a socket: its courier takes transactions when it can carry them and settles each with outcomes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId
from transport.model.hold import Hold
from transport.model.next_hop import POISON, DeliveryType, NextHop
from transport.model.orders import SuspendedQueue
from transport.model.outcome import Outcome, OutcomeKind, RecipientStatus
from transport.model.priority import Priority
from transport.queues.courier import Courier
from transport.queues.health import Health
from transport.queues.loader import Loader
from transport.queues.rates import RateMeter
from transport.queues.shelf import Shelf
from transport.queues.transaction import Pending, Transaction, TransactionState, among
from transport.queues.waiting import Waiting
from transport.rules import retry

_WITHOUT_COURIER = frozenset({DeliveryType.UNREACHABLE, DeliveryType.SUBMISSION, DeliveryType.POISON})
READ_AGAIN_S = 10.0
POISON_REASON = "Delivering the message failed for a fault of our own, as often as the poison threshold allows."
_WAITING = (TransactionState.READY, TransactionState.DEFERRED)


class DeliveryQueue:
    """``key`` is ``str(hop)``; ``look_at`` asks for a sweep of all its messages. Times are unix seconds."""

    def __init__(self, hop: NextHop, shelf: Shelf, look_at: Callable[[DeliveryQueue], None]) -> None:
        self.hop = hop
        self.key = str(hop)
        self.is_deliverable = hop.delivery_type not in _WITHOUT_COURIER
        self.courier: Courier | None = None
        self.suspension: SuspendedQueue | None = None
        self.active = 0
        self.health = Health()
        self.incoming = RateMeter()
        self.outgoing = RateMeter()
        self.emptied_at = shelf.clock()
        self.waiting = Waiting(shelf.connection_shares)
        self._shelf = shelf
        self._is_waking = False
        self._look_at = look_at
        self._loader = Loader(shelf, loaded=self._wake_courier, lost=self._set_aside, unreadable=self._put_off)

    def add(
        self, message: Message, recipients: list[Recipient], body: bytes | None, *, is_stored: bool = False
    ) -> None:
        """Queue a message for ``recipients``; their status says whether it is new, was deferred or is held.

        ``is_stored``: it was just read from the spool, and need not stay in memory.
        """
        now, first = self._shelf.clock(), recipients[0]
        self.incoming.add(now)
        transaction = Transaction(message, recipients)
        if message.priority is not Priority.NORMAL:
            transaction.rank = message.priority.rank
        may_park = is_stored and len(self.waiting) >= self._shelf.parking.live
        version = transaction.version if may_park else None
        if first.status is RecipientStatus.SUSPENDED:
            self._add_held(transaction, first.hold)
        elif first.status is RecipientStatus.RETRY and first.next_attempt_at > now:
            transaction.is_noted = True
            self.health.remember(first)
            self._defer(transaction, first.next_attempt_at)
        else:
            self.waiting.push(transaction)
            if self.health.next_retry_at:
                self._note(transaction, now)
            elif body is not None and self.is_deliverable and self._shelf.budget.has_room:
                self._shelf.budget.keep(transaction, body)
            self._wake_courier()
        if may_park:
            self._shelf.parking.park_stored(transaction, version)

    def _add_held(self, transaction: Transaction, hold: Hold | None) -> None:
        """A hold rule holds it, or a restart found it: what was ordered before goes on."""
        if hold is not None and hold.is_removal:
            transaction.state = TransactionState.GONE
            self._shelf.remove(self.key, transaction.message, transaction.recipients, hold)
            return
        transaction.hold = hold
        self.waiting.hold(transaction)
        if hold is not None and hold.rule_id and self._shelf.is_lifted(hold.rule_id):
            self.release(transaction, "The hold rule was lifted.")

    @property
    def is_suspended(self) -> bool:
        return self.suspension is not None

    # The courier's side (courier.Source).

    @property
    def is_flowing(self) -> bool:
        return not (self.suspension is not None or self.health.next_retry_at or self._shelf.is_draining)

    @property
    def backlog(self) -> int:
        return self.waiting.takable_count if self.is_flowing else 0

    def take(self) -> Transaction | None:
        transaction = self.waiting.first_ready() if self.waiting.ready_count and self.is_flowing else None
        if transaction is None:
            return None
        if transaction.body is None:
            self._loader.load(self.waiting)
            return None
        self.waiting.activate_first()
        self.active += 1
        return transaction

    def split(self, transaction: Transaction, limit: int) -> None:
        rest = transaction.recipients[limit:]
        transaction.recipients = transaction.recipients[:limit]
        self._again(transaction, rest, transaction.body, pending=transaction.pending)

    def settle(self, transaction: Transaction, outcomes: Sequence[Outcome | None]) -> None:
        now, body = self._shelf.clock(), transaction.body
        self._ended(transaction)
        left = self._shelf.ledger.settle(self.key, transaction, outcomes, now)
        self._remove(transaction)
        if transaction.pending is not None:
            left.again = self._carry_out(transaction, left.again)
            left.deferred = self._carry_out(transaction, left.deferred)
        if left.again:
            self._again(transaction, left.again, body)
        if left.deferred:
            waiting = transaction.part(left.deferred)
            waiting.is_noted = True
            if self._is_poison(waiting, outcomes):
                self._shelf.set_aside(waiting.message, waiting.recipients, POISON_REASON)
            else:
                self._defer(waiting, left.wake_at)
        for outcome in outcomes:
            if outcome is not None and outcome.kind is OutcomeKind.DELIVERED:
                self.health.delivered(outcome)
                self.outgoing.add(now)
                break
            self.health.learn(outcome)

    def delivered(self, transaction: Transaction, reply: str, remote: str, tls: str) -> bool:
        now = self._shelf.clock()
        if not self._shelf.ledger.delivered(self.key, transaction, reply, remote, tls, now):
            return False
        self._ended(transaction)
        self.waiting.finish(transaction)
        self._shelf.budget.drop(transaction)
        if not self.waiting:
            self.emptied_at = now
        self.health.took(reply)
        self.outgoing.add(now)
        return True

    def _is_poison(self, transaction: Transaction, outcomes: Sequence[Outcome | None]) -> bool:
        """Whether we failed with this message as often as may be: it would only cut others' connections again."""
        if not any(outcome is not None and outcome.is_own_fault for outcome in outcomes):
            return False
        transaction.faults += 1
        return transaction.faults >= self._shelf.poison_threshold

    def _ended(self, transaction: Transaction) -> None:
        self.active -= 1
        if transaction.rank:
            self.waiting.free_share(transaction.rank)

    def put_back(self, transaction: Transaction) -> None:
        self._ended(transaction)
        if transaction.pending is None:
            self.waiting.push_front(transaction)
            return
        self._remove(transaction)
        left = self._carry_out(transaction, transaction.recipients)
        if left:
            self._again(transaction, left, transaction.body)

    def unreachable(self, outcome: Outcome) -> None:
        now = self._shelf.clock()
        self.health.failed(outcome, now)
        if outcome.kind is OutcomeKind.FAILED:
            self._fail_all(outcome)
            return
        policy = self._shelf.ledger.policies.get(self.hop.connector_id)
        self.health.next_retry_at = retry.queue_retry_at(
            policy, failures=self.health.failures, now=now, jitter=self._shelf.chance()
        )
        self._shelf.scheduler.at(self.health.next_retry_at, self)
        self._look_at(self)

    def _fail_all(self, outcome: Outcome) -> None:
        """The next hop will never take mail (null MX, no such domain): what is ready fails now."""
        for transaction in self.waiting.in_state(TransactionState.READY):
            self._remove(transaction)
            failed = [(recipient, outcome) for recipient in transaction.recipients]
            self._shelf.ledger.give_up(self.key, transaction.message, failed)

    # Waiting, and waking.

    def _again(
        self, parent: Transaction, recipients: list[Recipient], body: bytes | None, *, pending: Pending | None = None
    ) -> None:
        """These recipients of ``parent`` come next."""
        transaction = parent.part(recipients)
        transaction.pending = pending
        self.waiting.push_front(transaction)
        if body is not None:
            self._shelf.budget.keep(transaction, body)

    def _defer(self, transaction: Transaction, wake_at: float) -> None:
        self._shelf.budget.drop(transaction)
        if self.waiting.defer(transaction, wake_at):
            self._shelf.scheduler.at(wake_at, self)

    def _carry_out(self, transaction: Transaction, left: list[Recipient]) -> list[Recipient]:
        """Do what was ordered while it was being delivered; returns the recipients that it was not ordered for."""
        pending = transaction.pending
        assert pending is not None
        meant = among(left, pending.recipients)
        if meant and pending.hold.is_removal:
            self._shelf.remove(self.key, transaction.message, meant, pending.hold)
        elif meant:
            self.hold(transaction.part(meant), pending.hold)
        others = {id(recipient) for recipient in meant}
        return [recipient for recipient in left if id(recipient) not in others]

    def _note(self, transaction: Transaction, now: float) -> None:
        """Say once on each message why it waits for its next hop."""
        failure, retry_at = self.health.failure, self.health.next_retry_at
        if failure is not None and retry_at and not transaction.is_noted:
            self._shelf.ledger.note(self.key, transaction, failure, retry_at=retry_at, now=now)

    def _remove(self, transaction: Transaction) -> None:
        if transaction.state is not TransactionState.GONE:
            self.waiting.remove(transaction)
            self._shelf.budget.drop(transaction)
            if not self.waiting:
                self.emptied_at = self._shelf.clock()

    def _set_aside(self, transaction: Transaction, reason: str) -> None:
        """The spool can never give it out."""
        self._remove(transaction)
        self._shelf.set_aside(transaction.message, transaction.recipients, reason)

    def _put_off(self, transaction: Transaction, reason: str) -> None:
        """The spool cannot give it out now; those behind it need not wait for that."""
        for recipient in transaction.recipients:
            recipient.last_reason = reason
        self._defer(transaction, self._shelf.clock() + READ_AGAIN_S)

    def wake(self, now: float) -> None:
        """What is due is ready again."""
        if self.health.next_retry_at and self.health.next_retry_at <= now:
            self.health.next_retry_at = 0.0
        if self.waiting.wake_due(now):
            self._wake_on()
        elif self.waiting.deferred_count:
            self._shelf.scheduler.at(self.waiting.next_wake_at, self)
        self._wake_courier()

    def _wake_on(self) -> None:
        """A million may be due at once: others have the loop between two steps."""
        if not self._is_waking:
            self._is_waking = True
            asyncio.get_running_loop().call_soon(self._wake_more)

    def _wake_more(self) -> None:
        self._is_waking = False
        self.wake(self._shelf.clock())

    def _wake_courier(self) -> None:
        if self.courier is not None and self.waiting.ready_count:
            self.courier.wake()

    # What people do, and what time does.

    def retry_now(self) -> int:
        """Try everything now; returns how many messages that are."""
        self.health.next_retry_at = 0.0
        self.waiting.hurry_all()
        self.wake(self._shelf.clock())
        return self.waiting.ready_count + self.waiting.deferred_count

    def separate(self, transaction: Transaction, recipients: list[Recipient]) -> Transaction:
        """``recipients`` of a waiting transaction as one of their own, that waits nowhere yet; itself for all."""
        if len(recipients) == len(transaction.recipients):
            return transaction
        mine = {id(recipient) for recipient in recipients}
        transaction.recipients = [one for one in transaction.recipients if id(one) not in mine]
        mine_alone = transaction.part(recipients)
        mine_alone.state = TransactionState.GONE
        return mine_alone

    def hold(self, transaction: Transaction, hold: Hold) -> None:
        """Keep it back until it is resumed."""
        transaction.hold = hold
        self.waiting.hold(transaction)
        self._shelf.budget.drop(transaction)
        self._shelf.ledger.mark(
            transaction.message,
            transaction.recipients,
            RecipientStatus.SUSPENDED,
            EventId.SUSPEND,
            self._shelf.clock(),
            hold=hold,
        )

    def release(self, transaction: Transaction, reason: str) -> None:
        """A held one goes on."""
        transaction.hold = None
        self._shelf.ledger.mark(
            transaction.message,
            transaction.recipients,
            RecipientStatus.READY,
            EventId.RESUME,
            self._shelf.clock(),
            reason=reason,
        )
        self.waiting.push(transaction)
        self._wake_courier()

    def hurry(self, transaction: Transaction) -> None:
        """Try it at once, and the next hop with it."""
        self.health.next_retry_at = 0.0
        self.waiting.hurry(transaction)
        self._wake_courier()

    def postpone(self, transaction: Transaction, until: float) -> None:
        """Try it then, not before; the queue waits no longer than that."""
        self._defer(transaction, until)
        if self.health.next_retry_at > until:
            self.health.next_retry_at = until

    def pull(self, transaction: Transaction) -> None:
        """It leaves the queue."""
        self._remove(transaction)

    def sweep(self, transaction: Transaction, now: float) -> None:
        """What time does to a waiting message: it expires, its delay is told, its next hop's failure is noted."""
        if transaction.state not in _WAITING or self.hop == POISON or self.is_suspended:
            return
        must_note = self.health.next_retry_at and not transaction.is_noted
        parked = transaction.parked
        if parked is not None and not must_note and not self._shelf.parking.is_due(parked, now):
            return
        is_next = transaction.state is TransactionState.READY and self.is_flowing and self.courier is not None
        if not is_next and retry.is_expired(now=now, expires_at=transaction.message.expires_at):
            self._remove(transaction)
            self._shelf.ledger.expire(self.key, transaction)
            return
        self._shelf.ledger.tell_delay(transaction, now)
        if self.health.next_retry_at:
            self._shelf.budget.drop(transaction)
            self._note(transaction, now)

    def take_all(self) -> list[Transaction]:
        """Everything that waits and is not held leaves the queue, to be routed again."""
        leaving = self.waiting.in_state(*_WAITING) if not self.is_suspended else []
        for transaction in leaving:
            self._remove(transaction)
        return leaving

    @property
    def held_count(self) -> int:
        waiting = self.waiting
        return len(waiting) - waiting.ready_count - waiting.deferred_count - self.active

    def active_ids(self) -> set[int]:
        """Messages that are being delivered right now."""
        return {transaction.message_id for transaction in self.waiting.in_state(TransactionState.ACTIVE)}

    def take_back(self, message_ids: set[int]) -> None:
        """These leave the queue: they are in another's care."""
        for transaction in list(self.waiting):
            if transaction.message_id in message_ids:
                self._remove(transaction)

    def __len__(self) -> int:
        return len(self.waiting)

    def __iter__(self) -> Iterator[Transaction]:
        return iter(self.waiting)

    def pieces(self) -> Iterator[list[Transaction]]:
        """All of it, some at a time; it may change meanwhile."""
        return self.waiting.pieces()

    def cut(self, offset: int, limit: int) -> list[Transaction]:
        """Some of it, from ``offset`` on."""
        return self.waiting.cut(offset, limit)
