"""When a delivery is tried again, given up, or its delay told. Pure: time and chance come in as values.

Two levels, as in Exchange: a *message* that was deferred waits for its own time; a *queue* whose next hop cannot be
reached waits as a whole, and its messages with it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from transport.config import retry_ladder
from transport.config.document import MailFlow
from transport.config.objects import Organization
from transport.config.retry_ladder import RetryLadder
from transport.model.address import Address
from transport.model.priority import Priority
from transport.model.reply import Reply
from transport.rules import greylisting
from transport.rules.dsn_audience import ByAudience, OurSenders

JITTER = 0.1
EXPIRED_STATUS = "4.4.7"  # RFC 3463 3.5: delivery time expired; Exchange's NDR 4.4.7
EXPIRED_REASON = "The message was in the queue for longer than messages may be; delivery was given up."


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """What the organisation set. Times in seconds; ``own_delay_s`` where a priority has its own."""

    ladder: RetryLadder
    expiration_s: float
    delay_notification_s: float
    is_delay_told: ByAudience[bool]
    own_delay_s: Mapping[Priority, float] = field(default_factory=dict)

    @classmethod
    def of(cls, organization: Organization, ours: OurSenders) -> RetryPolicy:
        is_told = organization.is_delay_dsn_enabled
        return cls(
            ladder=retry_ladder.parse(organization.retry_ladder),
            expiration_s=organization.message_expiration_timeout,
            delay_notification_s=organization.delay_notification_timeout,
            is_delay_told=ByAudience(
                internal=is_told and organization.is_internal_delay_dsn_enabled,
                external=is_told and organization.is_external_delay_dsn_enabled,
                ours=ours,
            ),
            own_delay_s={
                Priority.HIGH: organization.high_priority_delay_notification_timeout,
                Priority.LOW: organization.low_priority_delay_notification_timeout,
            }
            if organization.is_priority_queuing_enabled
            else {},
        )

    def told_after_s(self, priority: Priority) -> float:
        """Seconds after which the sender is told of a delay."""
        return self.own_delay_s.get(priority, self.delay_notification_s)


@dataclass(frozen=True, slots=True)
class RetryPolicies:
    """The organisation's policy, and those of the send connectors that have a ladder of their own."""

    default: RetryPolicy
    by_connector: Mapping[str, RetryPolicy] = field(default_factory=dict)

    @classmethod
    def of(cls, document: MailFlow) -> RetryPolicies:
        default = RetryPolicy.of(document.organization, OurSenders(document.accepted_domains))
        own = {
            connector.id: replace(default, ladder=retry_ladder.parse(connector.retry_ladder))
            for connector in document.send_connectors
            if connector.retry_ladder
        }
        return cls(default, own)

    def get(self, connector_id: str) -> RetryPolicy:
        """The policy for mail through the connector."""
        return self.by_connector.get(connector_id, self.default)


def next_attempt_at(
    policy: RetryPolicy, *, attempts: int, now: float, expires_at: float, jitter: float, reply: Reply | None = None
) -> float | None:
    """When to try a message again after its ``attempts``-th deferral (from 1); None when it has expired.

    ``jitter`` is a number from 0 to 1, drawn by the caller, which spreads the wait by up to a tenth either way; a time
    that the server named (``reply``, greylisting) is only ever made longer. The last try is made when the message
    expires, not before.
    """
    if now >= expires_at:
        return None
    if reply is not None and greylisting.is_greylisting(reply):
        wait_s = greylisting.wait_s(reply, attempts=attempts, ladder_s=policy.ladder.wait_s(max(attempts, 1)))
        wait_s *= 1 + JITTER * jitter
    else:
        wait_s = _wait_s(policy, attempts, jitter)
    return min(now + wait_s, max(expires_at, now + 1.0))


def queue_retry_at(policy: RetryPolicy, *, failures: int, now: float, jitter: float) -> float:
    """When to connect again after the ``failures``-th failure in a row (from 1) to reach a next hop."""
    return now + _wait_s(policy, failures, jitter)


def _wait_s(policy: RetryPolicy, number: int, jitter: float) -> float:
    return policy.ladder.wait_s(max(number, 1)) * (1 - JITTER + 2 * JITTER * jitter)


def is_expired(*, now: float, expires_at: float) -> bool:
    """Whether a message that still waits is to be given up."""
    return now >= expires_at


def is_delay_dsn_due(
    policy: RetryPolicy,
    *,
    sender: Address,
    received_at: float,
    now: float,
    is_sent: bool,
    priority: Priority = Priority.NORMAL,
) -> bool:
    """Whether the sender is to be told now that delivery is delayed; once for each recipient (RFC 3461 6.2)."""
    is_time = not is_sent and now - received_at >= policy.told_after_s(priority)
    return is_time and policy.is_delay_told.of(sender)
