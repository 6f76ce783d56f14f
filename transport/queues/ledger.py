"""Writes down what came of each attempt: recipient states and tracking events to the spool, counters in memory.

A recipient whose sender is to be told becomes final only after the notification is committed: a crash between the two
may repeat it, never lose it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.hold import Hold
from transport.model.outcome import Outcome, OutcomeKind, Phase, RecipientStatus
from transport.ports.spool import RecipientUpdate, Spool
from transport.queues import attempts
from transport.queues.attempts import sent_event
from transport.queues.counters import Counters
from transport.queues.notifier import Notifier
from transport.queues.transaction import Transaction
from transport.rules import retry
from transport.rules.dsn import DsnKind
from transport.rules.retry import RetryPolicies


@dataclass(slots=True)
class Settlement:
    """What is left of a transaction: ``again`` at once, ``deferred`` at ``wake_at``."""

    again: list[Recipient] = field(default_factory=list)
    deferred: list[Recipient] = field(default_factory=list)
    wake_at: float = 0.0


class Ledger:
    """``policies`` are replaced with each configuration; ``chance`` draws the jitter."""

    def __init__(
        self,
        spool: Spool,
        notifier: Notifier,
        policies: RetryPolicies,
        *,
        clock: Callable[[], float],
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.counters = Counters()
        self.policies = policies
        self._spool = spool
        self._notifier = notifier
        self._clock = clock
        self._chance = chance

    def settle(self, key: str, transaction: Transaction, outcomes: Sequence[Outcome | None], now: float) -> Settlement:
        """Write each recipient's outcome. ``key`` is the queue's."""
        message, left = transaction.message, Settlement()
        settled: list[tuple[Recipient, Outcome]] = []
        failed: list[tuple[Recipient, Outcome]] = []
        relayed: list[tuple[Recipient, Outcome]] = []
        for recipient, outcome in zip(transaction.recipients, outcomes, strict=True):
            if outcome is None:
                left.again.append(recipient)
                continue
            attempts.note(recipient, outcome, now)
            if outcome.kind is OutcomeKind.DELIVERED:
                if not transaction.is_dsn_passed_on and self._notifier.is_wanted(DsnKind.RELAYED, message, recipient):
                    relayed.append((recipient, outcome))
                    continue
                recipient.status = RecipientStatus.DELIVERED
                self.counters.delivered += 1
            elif outcome.kind is OutcomeKind.FAILED:
                failed.append((recipient, outcome))
                continue
            elif not self._defer(left, recipient, message, outcome, now):
                failed.append((recipient, attempts.expired(outcome)))
                continue
            settled.append((recipient, outcome))
        if settled:
            self._write(key, message, settled, now)
        if failed:
            self.fail(key, message, failed, body=transaction.body)
        if relayed:
            self._relayed(key, message, relayed, body=transaction.body)
        return left

    def delivered(self, key: str, transaction: Transaction, reply: str, remote: str, tls: str, now: float) -> bool:
        """``settle`` of what nearly every message is: taken for all its recipients at the first try, and the sender is
        told nothing. False where more is to be written; then nothing was."""
        message, recipients = transaction.message, transaction.recipients
        if len(recipients) != len(message.recipients):
            return False
        for recipient in recipients:
            if recipient.attempts or recipient.notify:
                return False
        for recipient in recipients:
            recipient.attempts = 1
            recipient.status = RecipientStatus.DELIVERED
        self.counters.delivered += len(recipients)
        self._spool.finish(message, sent_event(key, message.id, recipients, reply, remote, tls, now))
        return True

    def _defer(self, left: Settlement, recipient: Recipient, message: Message, outcome: Outcome, now: float) -> bool:
        """Give the recipient its next attempt; False when it has expired."""
        if not left.wake_at:
            wake_at = retry.next_attempt_at(
                self.policies.get(recipient.next_hop.connector_id if recipient.next_hop else ""),
                attempts=recipient.attempts,
                now=now,
                expires_at=message.expires_at,
                jitter=self._chance(),
                reply=outcome.reply,
            )
            if wake_at is None:
                return False
            left.wake_at = wake_at
        recipient.status = RecipientStatus.RETRY
        recipient.next_attempt_at = left.wake_at
        self.counters.deferred += 1
        left.deferred.append(recipient)
        return True

    def note(self, key: str, transaction: Transaction, outcome: Outcome, *, retry_at: float, now: float) -> None:
        """The next hop could not be reached: the transaction waits with its queue until ``retry_at``."""
        transaction.is_noted = True
        for recipient in transaction.recipients:
            attempts.note(recipient, outcome, now)
            recipient.status = RecipientStatus.RETRY
            recipient.next_attempt_at = retry_at
            self.counters.deferred += 1
        self._write(key, transaction.message, [(recipient, outcome) for recipient in transaction.recipients], now)

    def expire(self, key: str, transaction: Transaction) -> None:
        """Give up what waited for too long."""
        outcome = Outcome(OutcomeKind.FAILED, Phase.ROUTING, None, retry.EXPIRED_REASON, status=retry.EXPIRED_STATUS)
        failed = [(recipient, outcome) for recipient in transaction.recipients]
        self.fail(key, transaction.message, failed, body=transaction.body)

    def fail(
        self, key: str, message: Message, failed: Sequence[tuple[Recipient, Outcome]], *, body: bytes | None
    ) -> None:
        """Tell the sender where that is wanted, then give the recipients up."""
        told = [attempts.told(recipient, outcome) for recipient, outcome in failed]

        def finish(now: float) -> None:
            for recipient, _ in failed:
                recipient.status = RecipientStatus.FAILED
            self.counters.failed += len(failed)
            self._write(key, message, failed, now)

        self._notifier.tell(DsnKind.FAILED, message, told, body=body, then=finish)

    def give_up(self, key: str, message: Message, failed: Sequence[tuple[Recipient, Outcome]]) -> None:
        """Fail recipients that no server decided about."""
        now = self._clock()
        for recipient, outcome in failed:
            attempts.note(recipient, outcome, now)
        self.fail(key, message, failed, body=None)

    def _relayed(
        self, key: str, message: Message, relayed: Sequence[tuple[Recipient, Outcome]], *, body: bytes | None
    ) -> None:
        """RFC 3461 5.2.2 (b): the next hop tells the sender nothing, so we say that we passed it on."""

        def finish(now: float) -> None:
            for recipient, _ in relayed:
                recipient.status = RecipientStatus.DELIVERED
            self.counters.delivered += len(relayed)
            self._write(key, message, relayed, now)

        told = [attempts.told(recipient, outcome) for recipient, outcome in relayed]
        self._notifier.tell(DsnKind.RELAYED, message, told, body=body, then=finish)

    def tell_delay(self, transaction: Transaction, now: float) -> None:
        """Tell the sender that delivery is delayed, once, when it is time."""
        message = transaction.message
        due = [
            recipient
            for recipient in transaction.recipients
            if retry.is_delay_dsn_due(
                self.policies.default,
                sender=message.envelope_sender,
                received_at=message.received_at,
                now=now,
                is_sent=recipient.is_delay_dsn_sent,
                priority=message.priority,
            )
        ]
        if not due:
            return
        for recipient in due:
            recipient.is_delay_dsn_sent = True
        transaction.is_telling = True

        def finish(now: float) -> None:
            transaction.is_telling = False
            waiting = [recipient for recipient in due if not recipient.status.is_final]
            self._spool.update([RecipientUpdate(message.id, recipient) for recipient in waiting], ())

        told = [attempts.told(recipient, None) for recipient in due]
        self._notifier.tell(DsnKind.DELAYED, message, told, body=transaction.body, then=finish)

    def next_due_at(self, transaction: Transaction) -> float:
        """Before that, time changes nothing about what waits: it neither expires nor is its delay told."""
        message, policy = transaction.message, self.policies.default
        is_told = policy.is_delay_told.of(message.envelope_sender)
        if is_told and not all(one.is_delay_dsn_sent for one in transaction.recipients):
            return min(message.expires_at, message.received_at + policy.told_after_s(message.priority))
        return message.expires_at

    def mark(
        self,
        message: Message,
        recipients: Sequence[Recipient],
        status: RecipientStatus,
        event: EventId,
        now: float,
        *,
        hold: Hold | None = None,
        reason: str = "",
    ) -> None:
        """An operator's doing: suspended (``hold`` says by whom) or resumed."""
        reason = reason or (hold.sentence if hold is not None else "")
        for recipient in recipients:
            recipient.status, recipient.hold = status, hold
        self._spool.update(
            [RecipientUpdate(message.id, recipient) for recipient in recipients],
            [TrackingEvent(event, now, message_id=message.id, recipient=str(r.address), reason=reason)
             for r in recipients],
        )  # fmt: skip

    def _write(self, key: str, message: Message, decided: Sequence[tuple[Recipient, Outcome]], now: float) -> None:
        self._spool.update(
            [RecipientUpdate(message.id, recipient) for recipient, _ in decided],
            [attempts.event_of(key, message, alike, outcome, now) for alike, outcome in attempts.alike(decided)],
        )
