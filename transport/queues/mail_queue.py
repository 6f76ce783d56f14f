"""The mail for one next hop, as it waits: when each message is due, what people and time do with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator

import structlog

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId
from transport.model.hold import Hold
from transport.model.next_hop import POISON, DeliveryType, NextHop
from transport.model.orders import SuspendedQueue
from transport.model.outcome import RecipientStatus
from transport.model.priority import Priority
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.queues import steps
from transport.queues.courier import Courier
from transport.queues.health import Health
from transport.queues.rates import RateMeter
from transport.queues.shelf import Shelf
from transport.queues.transaction import Transaction, TransactionState
from transport.queues.waiting import Waiting
from transport.rules import retry

_WITHOUT_COURIER = frozenset({DeliveryType.UNREACHABLE, DeliveryType.SUBMISSION, DeliveryType.POISON})
_WAITING = (TransactionState.READY, TransactionState.DEFERRED)
log = structlog.get_logger(__name__)


def nobody(_: Transaction) -> bool:
    """Nobody stays."""
    return False


class MailQueue:
    """``key`` is ``str(hop)``. Times are unix seconds."""

    def __init__(self, hop: NextHop, shelf: Shelf) -> None:
        self.hop = hop
        self.key = str(hop)
        self.is_deliverable = hop.delivery_type not in _WITHOUT_COURIER
        self.courier: Courier | None = None
        self.suspension: SuspendedQueue | None = None
        self.active = 0
        self.walks = 0
        """How often all of its mail is being gone through, for which its courier waits."""
        self.health = Health()
        self.incoming = RateMeter()
        self.outgoing = RateMeter()
        self.emptied_at = shelf.clock()
        self.waiting = Waiting(shelf.connection_shares)
        self._shelf = shelf
        self._is_waking = False

    @property
    def is_suspended(self) -> bool:
        return self.suspension is not None

    @property
    def is_orphan(self) -> bool:
        """Whether its connector is gone."""
        return self.is_deliverable and self.courier is None

    @property
    def is_flowing(self) -> bool:
        stops = self.suspension is not None or self.health.next_retry_at or self.walks or self._shelf.is_draining
        return not stops

    @property
    def held_count(self) -> int:
        waiting = self.waiting
        return len(waiting) - waiting.ready_count - waiting.deferred_count - self.active

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

    def take_in(self, transaction: Transaction) -> None:
        """Queue what comes from another queue as it is, read or not."""
        self.incoming.add(self._shelf.clock())
        self.waiting.push(transaction)

    # Waiting, and waking.

    def _defer(self, transaction: Transaction, wake_at: float) -> None:
        self._shelf.budget.drop(transaction)
        if self.waiting.defer(transaction, wake_at):
            self._shelf.scheduler.at(wake_at, self)

    def _note(self, transaction: Transaction, now: float) -> None:
        """Say once on each message why it waits for its next hop."""
        failure, retry_at = self.health.failure, self.health.next_retry_at
        if failure is not None and retry_at and not transaction.is_noted:
            self._shelf.ledger.note(self.key, transaction, failure, retry_at=retry_at, now=now)

    def pull(self, transaction: Transaction) -> None:
        """It leaves the queue."""
        if transaction.state is not TransactionState.GONE:
            self.waiting.remove(transaction)
            self._shelf.budget.drop(transaction)
            if not self.waiting:
                self.emptied_at = self._shelf.clock()

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
        if self.courier is not None:
            if self.waiting.ready_count:
                self.courier.wake()
        elif self.is_deliverable and self.waiting.ready_count:
            self._shelf.orphaned(self)

    # What people do, and what time does.

    def retry_now(self) -> int:
        """Try everything now; returns how many messages that are."""
        self.health.next_retry_at = 0.0
        self.waiting.hurry_all()
        self.wake(self._shelf.clock())
        return self.waiting.ready_count + self.waiting.deferred_count

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

    def sweep(self, transaction: Transaction, now: float) -> None:
        """What time does to a waiting message: it expires, its delay is told, its next hop's failure is noted."""
        if transaction.state not in _WAITING or self.hop == POISON or self.is_suspended:
            return
        must_note = self.health.next_retry_at and not transaction.is_noted
        parked = transaction.parked
        if parked is not None and not must_note and not self._shelf.parking.is_due(parked, now):
            return
        is_next = transaction.state is TransactionState.READY and self.is_flowing and self.courier is not None
        if parked is not None and not self.read(transaction):
            return
        if not is_next and retry.is_expired(now=now, expires_at=transaction.message.expires_at):
            self.pull(transaction)
            self._shelf.ledger.expire(self.key, transaction)
            return
        self._shelf.ledger.tell_delay(transaction, now)
        if self.health.next_retry_at:
            self._shelf.budget.drop(transaction)
            self._note(transaction, now)

    # What leaves it.

    def read(self, transaction: Transaction) -> bool:
        """Have in memory what waits here; False where the spool cannot give it out now. What it never can is set aside,
        so that nothing waits behind it."""
        try:
            transaction.read()
        except SpoolUnavailable:
            return False
        except MessageDamaged as error:
            if self.hop != POISON:
                self.set_aside(transaction, str(error))
            return False
        return True

    def set_aside(self, transaction: Transaction, reason: str) -> None:
        """It cannot be processed: an operator decides about it."""
        log.error("queue.message_set_aside", queue_id=transaction.queue_id, reason=reason)
        self.pull(transaction)
        self._shelf.set_aside(transaction, reason)

    def take_all(self, stays: Callable[[Transaction], bool] = nobody) -> Iterator[list[Transaction]]:
        """Everything that waits here now and is not held leaves the queue, to be routed again: in short steps, as they
        are asked for. The courier is given nothing meanwhile. What cannot be read now stays."""
        return self._begin(steps.cut(self.waiting.pieces(end=self.waiting.mark())), stays)

    def take_those(self, transactions: list[Transaction]) -> Iterator[list[Transaction]]:
        """Those of ``transactions`` that still wait here leave the queue, as all do with ``take_all``."""
        return self._begin(steps.cut([transactions]), nobody)

    def _begin(
        self, looked_at: Iterator[list[Transaction]], stays: Callable[[Transaction], bool]
    ) -> Iterator[list[Transaction]]:
        leaving = self._leaving(looked_at, stays)
        next(leaving)  # it walks from now on, and ends to walk even if nobody asks for its first step
        return leaving

    def _leaving(
        self, looked_at: Iterator[list[Transaction]], stays: Callable[[Transaction], bool]
    ) -> Iterator[list[Transaction]]:
        unread: list[Transaction] = []
        self.walks += 1
        try:
            yield []
            for some in looked_at:
                if self.is_suspended or self._shelf.is_draining:
                    break
                waiting = [one for one in some if one.state in _WAITING and not stays(one)]
                yield [one for one in waiting if self._leaves(one, unread)]
            if unread:
                self._shelf.unread(self, unread)
        finally:
            self._walked()

    def _leaves(self, transaction: Transaction, unread: list[Transaction]) -> bool:
        """It is read first: what left and could not be read would be in no queue."""
        if self.read(transaction):
            self.pull(transaction)
            return True
        if transaction.state in _WAITING and self.hop != POISON:
            unread.append(transaction)
        return False

    def _walked(self) -> None:
        self.walks -= 1
        if not self.walks and self.courier is not None and self.waiting.ready_count:
            self.courier.wake()

    # What is in it.

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
