"""Queued messages and hold rules as pages show them: times as moments, states with their tones."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mailconsole.queues.merge import queue_name
from mailconsole.queues.models import HoldRule, HoldRuleState
from mailconsole.queues.services.messages import OnNode
from transport.model.queue_filter import BadFilter
from transport.model.queued import MessageStatus, QueuedMessage
from transport.rules.waiting import Cause

TONES = {
    MessageStatus.ACTIVE: "good",
    MessageStatus.READY: "good",
    MessageStatus.RETRY: "warn",
    MessageStatus.SUSPENDED: "info",
    MessageStatus.PENDING_SUSPEND: "info",
    MessageStatus.PENDING_REMOVE: "idle",
}
RULE_TONES = {HoldRuleState.IN_FORCE: "info", HoldRuleState.LIFTED: "idle", HoldRuleState.EXPIRED: "idle"}


@dataclass(frozen=True, slots=True)
class ShownMessage:
    """All but `tone`, `queue_name` and the times is hostile text."""

    node: str
    message: QueuedMessage
    queue_name: str
    tone: str
    received_at: datetime | None
    expires_at: datetime | None
    since: datetime | None
    until: datetime | None

    @property
    def more_recipients(self) -> int:
        return max(self.message.recipient_count - 1, 0)

    @property
    def cause(self) -> Cause | None:
        return Cause(self.message.cause) if self.message.cause in set(Cause) else None


def shown(row: OnNode) -> ShownMessage:
    message = row.message
    return ShownMessage(
        row.node,
        message,
        queue_name(message.queue),
        TONES[message.status],
        moment(message.received_at),
        moment(message.expires_at),
        moment(message.since),
        moment(message.until),
    )


@dataclass(frozen=True, slots=True)
class ShownRule:
    rule: HoldRule
    state: HoldRuleState
    tone: str
    what: str

    @property
    def is_in_force(self) -> bool:
        return self.state is HoldRuleState.IN_FORCE


def shown_rule(rule: HoldRule, now: datetime) -> ShownRule:
    try:
        what = rule.wanted.sentence
    except BadFilter as error:
        what = f"Can't be read: {error}"
    state = rule.state(now)
    return ShownRule(rule, state, RULE_TONES[state], what)


def moment(seconds: float) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if seconds > 0 else None
