"""Resolves and routes a message: sets each recipient's address, form and next hop, and says what was decided and why.

A thin shell over ``rules.recipients``, ``forms`` and ``rules.routing``. Runs before the commit, so that the decision is
stored with the message in one write; runs again for recipients whose route vanished with a new configuration.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.event import TrackingEvent
from transport.model.next_hop import POISON, SUBMISSION, UNREACHABLE, NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.model.reply import Reply
from transport.ports.recipients import RecipientLookup
from transport.ports.unavailable import LookupUnavailable
from transport.queues import forms
from transport.rules import recipients as recipient_rules
from transport.rules import routing
from transport.rules.restrictions import Sender
from transport.rules.ruleset import Ruleset

TOLD_AT_MOST = 100
"""Members of a group that its EXPAND event names."""
Failed = list[tuple[Recipient, Outcome]]


@dataclass(slots=True)
class Copy:
    """A message that this one brought forth, for recipients that get it in another form."""

    message: Message
    because: str
    failed: Failed = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)


@dataclass(slots=True)
class Categorized:
    """What was decided. ``failed`` recipients are to be given up with that outcome once the message is committed;
    ``routes`` has the shape of the RECEIVE event's detail of that name; ``events`` tell of resolution; ``copies`` are
    to be committed before the message is answered for, and the sender is told of what was ``taken`` after that."""

    failed: Failed = field(default_factory=list)
    routes: list[dict[str, Any]] = field(default_factory=list)
    events: list[TrackingEvent] = field(default_factory=list)
    copies: list[Copy] = field(default_factory=list)
    taken: forms.TakenByList | None = None


def categorize(
    ruleset: Ruleset,
    message: Message,
    todo: Sequence[Recipient],
    lookup: RecipientLookup,
    *,
    now: float,
    new_id: Callable[[], int],
    is_stored: bool = False,
) -> Categorized:
    """Resolve and route ``todo``, recipients of ``message``; a group's members take their group's place.

    A recipient that cannot be resolved now joins the Submission queue with the reason. A recipient that is also
    reached another way gets the message once. ``is_stored``: the message is in the spool. Raises BodyNeeded.
    """
    if todo is message.recipients and not is_stored and _leave_as_they_are(ruleset, todo):
        result = Categorized()
        result.routes = _route(ruleset, message, message.recipients, result.failed, {})
        return result
    work = _Work(ruleset, message, lookup, now)
    keep = _others(message, todo) if len(todo) != len(message.recipients) else []
    resolved: list[Recipient] = []
    for recipient in todo:
        resolved += work.resolve(recipient)
    if len(keep) + len(resolved) > 1:
        resolved = work.distinct(keep, resolved)
    arranged = forms.arrange(
        ruleset,
        message,
        resolved,
        work.owners,
        decided=work.decided,
        is_fixed=is_stored or bool(keep),  # whom it keeps gets it, or a report about it, as it came
        new_id=new_id,
        now=now,
    )
    if len(keep) + len(arranged.stays) > 1:
        _number(message, keep, arranged.stays)
    message.recipients = keep + arranged.stays
    result = Categorized(work.failed, events=work.events + arranged.events, taken=arranged.taken)
    result.routes = _route(ruleset, message, arranged.stays, result.failed, work.homes)
    if arranged.copies:
        _take_copies(ruleset, arranged, result, work.homes)
    return result


def plain_routes(ruleset: Ruleset, message: Message, texts: Sequence[str]) -> list[dict[str, Any]] | None:
    """Route a new message whose recipients (as ``texts`` in their order) are all outside, as most relayed mail is, and
    return what RECEIVE tells of it; None where there is more to it (``categorize``): then nothing was changed."""
    recipients = message.recipients
    is_each_once = len(texts) == 1 or len({text.lower() for text in texts}) == len(texts)
    if message.is_tls_waived or not is_each_once or len(texts) != len(recipients):
        return None
    bucket = bisect_left(ruleset.connector_size_limits, message.size_bytes)
    known = ruleset.plain_routes
    routes: list[routing.Route] = []
    for recipient in recipients:
        key = recipient.address.domain, bucket
        chosen = known.get(key) or _plain_route(ruleset, recipient, key, message.size_bytes)
        if chosen is None:
            return None
        routes.append(chosen)
    told: dict[str, dict[str, Any]] = {}
    for recipient, chosen, text in zip(recipients, routes, texts, strict=True):
        recipient.next_hop = chosen.next_hop
        row = told.get(chosen.hop_text)
        if row is None:
            row = told[chosen.hop_text] = {"next_hop": chosen.hop_text, "considered": chosen.rows, "recipients": []}
        row["recipients"].append(text)
    return list(told.values())


def _plain_route(ruleset: Ruleset, recipient: Recipient, key: tuple[str, int], size_bytes: int) -> routing.Route | None:
    """Remembered with the ruleset, by the domain."""
    if not _leave_as_they_are(ruleset, [recipient]):
        return None
    chosen = routing.route(ruleset, recipient.address.domain, size_bytes=size_bytes)
    if chosen.is_too_large or chosen.next_hop == UNREACHABLE:
        return None
    if len(ruleset.plain_routes) >= routing.REMEMBERED:
        ruleset.plain_routes.clear()
    ruleset.plain_routes[key] = chosen
    return chosen


def _leave_as_they_are(ruleset: Ruleset, recipients: Sequence[Recipient]) -> bool:
    """Whether all are outside, each is named once and nothing is rewritten: what most relayed mail is."""
    if ruleset.rewriting is not None:
        return False
    for recipient in recipients:
        domain = recipient.address.domain
        if not domain or ruleset.accepted_domain(domain) is not None:
            return False
    return len(recipients) == 1 or len({recipient.address.key for recipient in recipients}) == len(recipients)


def _others(message: Message, todo: Sequence[Recipient]) -> list[Recipient]:
    asked = {id(recipient) for recipient in todo}
    return [recipient for recipient in message.recipients if id(recipient) not in asked]


class _Work:
    """Resolution of one message's recipients. ``owners``, ``homes`` and ``decided`` are by ``id()`` of a recipient:
    whose group led to it, on which server its mailbox is, and whether its form was decided before."""

    def __init__(self, ruleset: Ruleset, message: Message, lookup: RecipientLookup, now: float) -> None:
        self.failed: Failed = []
        self.events: list[TrackingEvent] = []
        self.owners: dict[int, Address] = {}
        self.homes: dict[int, str] = {}
        self.decided: set[int] = set()
        self._ruleset = ruleset
        self._message = message
        self._lookup = lookup
        self._now = now
        # Our own notifications go to whom they are about, whoever else may write there.
        self._sender = Sender(message.envelope_sender, bool(message.identity) or message.is_dsn)

    def resolve(self, recipient: Recipient) -> list[Recipient]:
        if recipient.next_hop not in (None, SUBMISSION, POISON):
            self.decided.add(id(recipient))
        recipient.next_hop = None
        try:
            resolution = recipient_rules.resolve(
                self._ruleset,
                recipient.address,
                self._lookup,
                sender=self._sender,
                size_bytes=self._message.size_bytes,
            )
        except LookupUnavailable as error:
            recipient.next_hop = SUBMISSION
            recipient.last_reason = f"The directory cannot answer: {error}."
            return [recipient]
        if not resolution.changes and not resolution.refusals:
            (delivery,) = resolution.deliveries
            recipient.address = delivery.address
            if delivery.home_server:
                self.homes[id(recipient)] = delivery.home_server
            return [recipient]
        self.events += [_changed(self._message, change, self._now) for change in resolution.changes]
        refused = [(_derived(recipient, one.address), _refused(one)) for one in resolution.refusals]
        self.failed += refused
        return [*(self._delivered(recipient, one) for one in resolution.deliveries), *(one for one, _ in refused)]

    def _delivered(self, recipient: Recipient, delivery: recipient_rules.Delivery) -> Recipient:
        made = _derived(recipient, delivery.address)
        if delivery.owner is not None:
            self.owners[id(made)] = delivery.owner
        if delivery.home_server:
            self.homes[id(made)] = delivery.home_server
        if id(recipient) in self.decided:
            self.decided.add(id(made))
        return made

    def distinct(self, keep: list[Recipient], resolved: list[Recipient]) -> list[Recipient]:
        """Each address once; one that is reached another way is not refused."""
        seen = {r.address.key for r in keep if not r.status.is_final}
        refused = {id(recipient) for recipient, _ in self.failed}
        distinct: list[Recipient] = []
        for recipient in sorted(resolved, key=lambda one: id(one) in refused) if refused else resolved:
            if recipient.address.key not in seen:
                seen.add(recipient.address.key)
                distinct.append(recipient)
        if refused:
            kept = {id(recipient) for recipient in distinct}
            self.failed = [(recipient, outcome) for recipient, outcome in self.failed if id(recipient) in kept]
        return distinct


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


def _number(message: Message, keep: list[Recipient], resolved: list[Recipient]) -> None:
    """Give recipients that a group brought in indexes that this message has never used."""
    following = max(r.index for r in message.recipients) + 1
    used = {r.index for r in keep}
    for recipient in resolved:
        if recipient.index in used:
            recipient.index, following = following, following + 1
        used.add(recipient.index)


def _take_copies(ruleset: Ruleset, arranged: forms.Forms, result: Categorized, homes: Mapping[int, str]) -> None:
    """Each copy is routed by itself, and takes along those of its recipients that are refused."""
    for message in arranged.copies:
        mine = {id(recipient) for recipient in message.recipients}
        copy = Copy(message, arranged.reasons[message.id], [pair for pair in result.failed if id(pair[0]) in mine])
        result.failed = [pair for pair in result.failed if id(pair[0]) not in mine]
        copy.routes = _route(ruleset, message, message.recipients, copy.failed, homes)
        result.copies.append(copy)


def _route(
    ruleset: Ruleset, message: Message, resolved: list[Recipient], failed: Failed, homes: Mapping[int, str]
) -> list[dict[str, Any]]:
    """Choose next hops; what no connector takes joins ``failed``."""
    routes: dict[tuple[str, str], routing.Route] = {}
    told: dict[tuple[NextHop, str], dict[str, Any]] = {}
    refused = {id(recipient) for recipient, _ in failed} if failed else ()
    for recipient in resolved:
        if recipient.next_hop is SUBMISSION or id(recipient) in refused:
            continue
        domain = recipient.address.domain
        home = homes.get(id(recipient), "") if homes else ""
        chosen = routes.get((domain, home))
        if chosen is None:
            chosen = routes[domain, home] = _chosen(ruleset, message, domain, home)
        hop = routing.waiving_tls(ruleset, chosen.next_hop) if message.is_tls_waived else chosen.next_hop
        if message.ruled is not None and message.ruled.is_tls_required:
            hop = routing.requiring_tls(hop)
        recipient.next_hop = hop
        if chosen.is_too_large:
            reason = f"Every send connector that covers {domain} has a smaller message size limit."
            failed.append((recipient, _failure("5.3.4", "Message too big for the route", reason)))
        elif chosen.next_hop == UNREACHABLE:
            served = f"serves the home server {home} or " if home else ""
            recipient.last_reason = f"No send connector {served}covers {domain}."
            if message.ruled is not None and message.ruled.connector_id:
                recipient.last_reason = (
                    f"A mail flow rule sends it by {message.ruled.connector_id}, which can't be used."
                )
        _tell(told, hop, home, chosen, recipient)
    return list(told.values())


def _chosen(ruleset: Ruleset, message: Message, domain: str, home: str) -> routing.Route:
    by = message.ruled.connector_id if message.ruled is not None else ""
    return routing.choose(ruleset, domain, size_bytes=message.size_bytes, home_server=home, by_connector=by)


def _tell(
    told: dict[tuple[NextHop, str], dict[str, Any]],
    hop: NextHop,
    home: str,
    chosen: routing.Route,
    recipient: Recipient,
) -> None:
    row = told.get((hop, home))
    if row is None:
        row = told[hop, home] = {"next_hop": str(hop), "considered": chosen.rows, "recipients": []}
    row["recipients"].append(str(recipient.address))


def _refused(refusal: recipient_rules.Refusal) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, refusal.reply, refusal.because)


def _failure(enhanced: str, text: str, reason: str) -> Outcome:
    return Outcome(OutcomeKind.FAILED, Phase.ROUTING, Reply(550, enhanced, text), reason)
