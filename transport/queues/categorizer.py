"""Resolves and routes a message: sets each recipient's address and next hop, and says what was decided and why.

A thin shell over ``rules.recipients`` and ``rules.routing``. Runs before the commit, so that the decision is stored
with the message in one write; runs again for recipients whose route vanished with a new configuration.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.model.next_hop import SUBMISSION, UNREACHABLE, NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.ports import LookupUnavailable, RecipientLookup
from transport.rules import recipients as recipient_rules
from transport.rules import routing
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset

TOLD_AT_MOST = 100
"""Members of a group that its EXPAND event names."""


@dataclass(slots=True)
class Categorized:
    """What was decided. ``failed`` recipients are to be given up with that outcome once the message is committed;
    ``routes`` has the shape of the RECEIVE event's detail of that name; ``events`` tell of resolution."""

    failed: list[tuple[Recipient, Outcome]] = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    events: list[TrackingEvent] = field(default_factory=list)


def categorize(
    ruleset: Ruleset, message: Message, todo: Sequence[Recipient], lookup: RecipientLookup, *, now: float
) -> Categorized:
    """Resolve and route ``todo``, recipients of ``message``; a group's members take their group's place.

    A recipient that cannot be resolved now joins the Submission queue with the reason. A recipient that is also
    reached another way gets the message once.
    """
    result = Categorized()
    keep = [r for r in message.recipients if r not in todo] if len(todo) != len(message.recipients) else []
    resolved: list[Recipient] = []
    for recipient in todo:
        resolved += _resolve(ruleset, message, recipient, lookup, result, now)
    if len(keep) + len(resolved) > 1:
        resolved = _distinct(keep, resolved, result)
        _number(message, keep, resolved)
    message.recipients = keep + resolved
    _route(ruleset, message, resolved, result)
    return result


def _resolve(
    ruleset: Ruleset,
    message: Message,
    recipient: Recipient,
    lookup: RecipientLookup,
    result: Categorized,
    now: float,
) -> list[Recipient]:
    recipient.next_hop = None
    try:
        resolution = recipient_rules.resolve(
            ruleset, recipient.address, lookup, sender=_sender(message), size_bytes=message.size_bytes
        )
    except LookupUnavailable as error:
        recipient.next_hop = SUBMISSION
        recipient.last_reason = f"The directory cannot answer: {error}."
        return [recipient]
    if not resolution.changes and not resolution.refusals:
        recipient.address = resolution.deliveries[0].address
        return [recipient]
    result.events += [_changed(message, change, now) for change in resolution.changes]
    refused = [(_derived(recipient, one.address), _refused(one)) for one in resolution.refusals]
    result.failed += refused
    return [*(_derived(recipient, one.address) for one in resolution.deliveries), *(one for one, _ in refused)]


def _sender(message: Message) -> Sender:
    """Our own notifications go to whom they are about, whoever else may write there."""
    return Sender(message.envelope_sender, bool(message.identity) or message.is_dsn)


def _derived(recipient: Recipient, address: Address) -> Recipient:
    return Recipient(
        index=recipient.index,
        address=address,
        original=recipient.original,
        notify=recipient.notify,
        orcpt=recipient.orcpt or f"rfc822;{recipient.original}",  # RFC 3461 5.2.1: what was asked for is kept
    )


def _changed(message: Message, change: recipient_rules.Change, now: float) -> TrackingEvent:
    return TrackingEvent(
        change.event,
        now,
        message_id=message.id,
        recipient=str(change.address),
        detail={"to": [str(address) for address in change.to[:TOLD_AT_MOST]], "because": change.because},
    )


def _distinct(keep: list[Recipient], resolved: list[Recipient], result: Categorized) -> list[Recipient]:
    """Each address once; one that is reached another way is not refused."""
    seen = {r.address.key for r in keep if not r.status.is_final}
    refused = {id(recipient) for recipient, _ in result.failed}
    distinct: list[Recipient] = []
    for recipient in sorted(resolved, key=lambda one: id(one) in refused) if refused else resolved:
        if recipient.address.key not in seen:
            seen.add(recipient.address.key)
            distinct.append(recipient)
    if refused:
        kept = {id(recipient) for recipient in distinct}
        result.failed = [(recipient, outcome) for recipient, outcome in result.failed if id(recipient) in kept]
    return distinct


def _number(message: Message, keep: list[Recipient], resolved: list[Recipient]) -> None:
    """Give recipients that a group brought in indexes that this message has never used."""
    following = max(r.index for r in message.recipients) + 1
    used = {r.index for r in keep}
    for recipient in resolved:
        if recipient.index in used:
            recipient.index, following = following, following + 1
        used.add(recipient.index)


def _route(ruleset: Ruleset, message: Message, resolved: list[Recipient], result: Categorized) -> None:
    routes: dict[str, routing.Route] = {}
    told: dict[NextHop, dict[str, Any]] = {}
    failed = {id(recipient) for recipient, _ in result.failed}
    for recipient in resolved:
        if recipient.next_hop is SUBMISSION or id(recipient) in failed:
            continue
        domain = recipient.address.domain
        chosen = routes.get(domain)
        if chosen is None:
            chosen = routes[domain] = routing.route(ruleset, domain, size_bytes=message.size_bytes)
        recipient.next_hop = chosen.next_hop
        if chosen.is_too_large:
            reason = f"Every send connector that covers {domain} has a smaller message size limit."
            result.failed.append((recipient, _failure("5.3.4", "Message too big for the route", reason)))
        elif chosen.next_hop == UNREACHABLE:
            recipient.last_reason = f"No send connector covers {domain}."
        _tell(told, chosen, recipient)
    result.routes = list(told.values())


def _tell(told: dict[NextHop, dict[str, Any]], chosen: routing.Route, recipient: Recipient) -> None:
    row = told.get(chosen.next_hop)
    if row is None:
        considered = [[c.connector_id, c.name, c.eliminated_because] for c in chosen.considered]
        row = told[chosen.next_hop] = {"next_hop": str(chosen.next_hop), "considered": considered, "recipients": []}
    row["recipients"].append(str(recipient.address))


def _refused(refusal: recipient_rules.Refusal) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, refusal.reply, refusal.because)


def _failure(enhanced: str, text: str, reason: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, Reply(550, enhanced, text), reason)
