"""Holds mail as it is routed, by the hold rules in force. Nothing to do costs nothing."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.hold import Hold
from transport.model.orders import HoldRule
from transport.model.outcome import RecipientStatus
from transport.rules.queue_match import QueueMatch


class Holding:
    """The rules, made ready once."""

    def __init__(self, rules: Sequence[HoldRule] = ()) -> None:
        self._rules = [(rule, rule.hold, QueueMatch(rule.filter, 0.0)) for rule in rules]

    def __bool__(self) -> bool:
        return bool(self._rules)

    def hold(self, message: Message, recipients: Sequence[Recipient], now: float) -> list[TrackingEvent]:
        """Suspend those that a rule means, before they are written; returns the events that tell it."""
        events = []
        for rule, hold, match in self._rules:
            if rule.is_over(now) or not match.message(message):
                continue
            free = [one for one in recipients if one.hold is None and one.next_hop and match.hop(one.next_hop)]
            for recipient in match.recipients(free):
                recipient.status, recipient.hold = RecipientStatus.SUSPENDED, hold
                events.append(_event(message, recipient, hold, now))
        return events


def _event(message: Message, recipient: Recipient, hold: Hold, now: float) -> TrackingEvent:
    detail = {"rule": hold.rule_id}
    address = str(recipient.address)
    return TrackingEvent(
        EventId.SUSPEND, now, message_id=message.id, recipient=address, reason=hold.sentence, detail=detail
    )
