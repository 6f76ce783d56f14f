"""Carries out on a message what mail flow rules decided, before it is committed; events tell each rule that fits."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from transport.config.objects import Organization
from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import SUBMISSION
from transport.model.outcome import RecipientStatus
from transport.model.ruled import Notice, Ruled, Told
from transport.model.verdict import Answer
from transport.rules import rule_notice, rule_variables
from transport.rules.mail_flow_rules import Decided, RuleStep
from transport.rules.priority import expiration_s
from transport.rules.rule_effects import Effects
from transport.rules.rule_facts import RuleFacts

NEVER = frozenset({"NEVER"})


def apply(decided: Decided, facts: RuleFacts, message: Message, organization: Organization) -> list[TrackingEvent]:
    """Change the message's recipients and orders; its body is the caller's. Returns the events after its receipt."""
    effects, now = decided.effects, message.received_at
    events = [_fits(step, message, now) for step in decided.told if step.is_audited]
    if effects.recipients is not None:
        events += _redirect(message, effects.recipients, decided, now)
    if effects.added:
        _add(message, effects)
    if not all(address.is_ascii for address in effects.takes_to):
        message.is_smtputf8 = True  # RFC 6531: its header may name them too
    if effects.priority is not None and organization.is_priority_queuing_enabled:
        message.priority = effects.priority
        message.expires_at = now + expiration_s(organization, message.priority)
    message.ruled = _ruled(decided, facts)
    return events


def _notices(decided: Decided, facts: RuleFacts) -> tuple[Notice, ...]:
    """What senders and recipients are told, where they may be; a report says what its rule found and did."""
    asked = decided.effects.notices
    if not asked:
        return ()
    said = {step.name: step.sentence for step in decided.told if step.answer is Answer.YES}
    found: list[Notice] = []
    for one in asked:
        if one.whom is Told.OTHERS:
            found.append(replace(one, text=said.get(one.rule_name, "")))
        elif one.whom is Told.SENDER:
            found += [one] if rule_notice.may_be_sent(facts) else []
        elif not rule_notice.is_automatic(facts):
            whom = tuple({address.key: address for address in facts.recipients}.values())
            found.append(replace(one, text=rule_variables.filled(one.text, facts), to=whom))
    return tuple(found)


def _ruled(decided: Decided, facts: RuleFacts) -> Ruled | None:
    effects = decided.effects
    notices = _notices(decided, facts)
    orders = Ruled(
        effects.connector_id,
        effects.is_tls_required,
        bool(effects.held_by),
        effects.is_deleted,
        effects.deleted_by or effects.held_by,
        notices,
    )
    return orders if orders != Ruled() else None


def _redirect(message: Message, to: list[Address], decided: Decided, now: float) -> list[TrackingEvent]:
    """Exchange's: the message goes to them instead; the first recipients stand in the trace."""
    first = message.recipients
    because = next(step.sentence for step in reversed(decided.told) if step.is_done)
    detail = {"to": [str(address) for address in to], "because": because}
    # RFC 3461 4.1: who wants to hear nothing of any recipient hears nothing of those instead.
    notify = NEVER if first and all(one.notify == NEVER for one in first) else frozenset()
    message.recipients = [Recipient(index, address, address, notify) for index, address in enumerate(to)]
    return [
        TrackingEvent(EventId.REDIRECT, now, message_id=message.id, recipient=str(one.address), detail=dict(detail))
        for one in first
    ]


def _add(message: Message, effects: Effects) -> None:
    known = {one.original.key for one in message.recipients}
    following = 1 + max((one.index for one in message.recipients), default=-1)
    for address in effects.added:
        if address.key in known:
            continue
        known.add(address.key)
        # A report about a blind copy would tell the sender of it; the trace tells people of ours.
        notify = NEVER if address.key in effects.hidden else frozenset()
        message.recipients.append(Recipient(following, address, address, notify))
        following += 1


def _fits(step: RuleStep, message: Message, now: float) -> TrackingEvent:
    detail = {
        "rule": step.rule_id,
        "name": step.name,
        "mode": step.mode.value,
        "answer": step.answer.value,
        "actions": list(step.actions),
        "is_done": step.is_done,
    }
    if step.severity.grade:
        detail["severity"] = step.severity.value
    return TrackingEvent(EventId.AGENT_INFO, now, message_id=message.id, reason=step.sentence, detail=detail)


def hold(message: Message, recipients: Iterable[Recipient], now: float) -> list[TrackingEvent]:
    """Suspend what a rule holds, before it is written."""
    orders = message.ruled
    if orders is None or not orders.is_held:
        return []
    held = orders.hold(now)
    events = []
    for recipient in recipients:
        recipient.status, recipient.hold = RecipientStatus.SUSPENDED, held
        address = str(recipient.address)
        events.append(
            TrackingEvent(EventId.SUSPEND, now, message_id=message.id, recipient=address, reason=held.sentence)
        )
    return events


def delete(message: Message, now: float) -> None:
    """Mark what a rule deletes: it is committed, as all that is accepted, and removed as by an operator's order."""
    orders = message.ruled
    assert orders is not None
    removal = orders.hold(now)
    for recipient in message.recipients:
        recipient.next_hop = SUBMISSION
        recipient.status, recipient.hold = RecipientStatus.SUSPENDED, removal
