"""One delivery queue as its courier sees it: transactions are taken when it can carry them, and settled with outcomes.

It never touches a socket.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial

from transport.model.envelope import Recipient
from transport.model.next_hop import NextHop
from transport.model.outcome import Outcome, OutcomeKind
from transport.queues import steps
from transport.queues.loader import Loader
from transport.queues.mail_queue import MailQueue
from transport.queues.shelf import Shelf
from transport.queues.transaction import Pending, Transaction, TransactionState, among
from transport.rules import retry

READ_AGAIN_S = 10.0
POISON_REASON = "Delivering the message failed for a fault of our own, as often as the poison threshold allows."


class DeliveryQueue(MailQueue):
    """A ``courier.Source``; ``look_at`` asks for a sweep of all its messages."""

    def __init__(self, hop: NextHop, shelf: Shelf, look_at: Callable[[DeliveryQueue], None]) -> None:
        super().__init__(hop, shelf)
        self._look_at = look_at
        self._loader = Loader(shelf, loaded=self._wake_courier, lost=self.set_aside, unreadable=self._put_off)

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
        self.pull(transaction)
        if transaction.pending is not None:
            left.again = self._carry_out(transaction, left.again)
            left.deferred = self._carry_out(transaction, left.deferred)
        if left.again:
            self._again(transaction, left.again, body)
        if left.deferred:
            waiting = transaction.part(left.deferred)
            waiting.is_noted = True
            if self._is_poison(waiting, outcomes):
                self._shelf.set_aside(waiting, POISON_REASON)
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
        self.pull(transaction)
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
        """The next hop will never take mail (null MX, no such domain): what is ready fails now, in steps. Who comes
        meanwhile is tried after that."""
        self.walks += 1
        looked_at = steps.cut(self.waiting.pieces(end=self.waiting.mark()))
        steps.go_on(self._failing(looked_at), partial(self._fail, outcome))

    def _failing(self, looked_at: Iterator[list[Transaction]]) -> Iterator[list[Transaction]]:
        try:
            for some in looked_at:
                if self._shelf.is_draining:
                    break
                yield [one for one in some if one.state is TransactionState.READY and self.read(one)]
        finally:
            self._walked()

    def _fail(self, outcome: Outcome, some: Sequence[Transaction]) -> None:
        for transaction in some:
            self.pull(transaction)
            failed = [(recipient, outcome) for recipient in transaction.recipients]
            self._shelf.ledger.give_up(self.key, transaction.message, failed)

    def _again(
        self, parent: Transaction, recipients: list[Recipient], body: bytes | None, *, pending: Pending | None = None
    ) -> None:
        """These recipients of ``parent`` come next."""
        transaction = parent.part(recipients)
        transaction.pending = pending
        self.waiting.push_front(transaction)
        if body is not None:
            self._shelf.budget.keep(transaction, body)

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

    def _put_off(self, transaction: Transaction, reason: str) -> None:
        """The spool cannot give it out now; those behind it need not wait for that."""
        for recipient in transaction.recipients if transaction.parked is None else ():
            recipient.last_reason = reason
        self._defer(transaction, self._shelf.clock() + READ_AGAIN_S)
