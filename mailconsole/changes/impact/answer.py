"""What becomes of one attempt under one configuration: the verdict, who gets it, and which way it goes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

from transport.model.address import Address
from transport.model.next_hop import BY_DNS
from transport.model.verdict import Action, Answer, Stage, Step, Verdict
from transport.rules import admission, mail_flow_rules, replaying, routing
from transport.rules.admission import DecisionInput, LookupUnavailable, RecipientLookup
from transport.rules.mail_flow_rules import RuleStep
from transport.rules.recipients import Change, Delivery, Resolution, resolve, together
from transport.rules.restrictions import Sender
from transport.rules.rule_effects import Effects
from transport.rules.rule_facts import RuleFacts
from transport.rules.ruleset import Ruleset

_PAST = {
    Action.ACCEPT: "accepted",
    Action.DEFER: "put off",
    Action.REFUSE: "refused",
    Action.DISCONNECT: "refused, connection closed",
}
NOT_TOLD = "told to administrators alone: it depends on who is in a group that hides its members"
_AS_IT_CAME = Effects()
"""No rule sends it on."""
NAMED = 3
"""Recipients that a sentence names; of more their number is said."""


class Aspect(StrEnum):
    """In what an attempt's answer differs."""

    VERDICT = "verdict"
    RECIPIENTS = "recipients"
    ROUTE = "route"
    ACTIONS = "actions"

    @property
    def label(self) -> str:
        return self.value.capitalize()

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Aspect.VERDICT: "Accepted or refused, or with another reply.",
    Aspect.RECIPIENTS: "Accepted as before, but others get it.",
    Aspect.ROUTE: "Accepted as before and for the same recipients, but it leaves another way.",
    Aspect.ACTIONS: "Taken as before, but mail flow rules do something else with it.",
}


_ASKED = (Aspect.VERDICT, Aspect.RECIPIENTS, Aspect.ROUTE)
"""In the order in which a node asks."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """``resolution`` is None where nothing was accepted, or where the directory could not say who gets it."""

    verdict: Verdict
    resolution: Resolution | None = None
    routes: tuple[routing.Route, ...] = ()
    """One for each delivery of the resolution."""
    rules: tuple[RuleStep, ...] = ()
    """What mail flow rules say of it, as far as what they look at was recorded."""
    is_sent_on: bool = False
    """Rules say to whom or by which send connector it goes."""

    @property
    def reply(self) -> str:
        """The answer as the peer would have got it."""
        verdict = self.verdict
        if verdict.is_withheld:
            return NOT_TOLD
        return "accepted" if verdict.reply is None else f"{_PAST[verdict.action]}: {verdict.reply}"

    @property
    def recipients(self) -> tuple[str, ...]:
        """Who gets it, and who is refused it on the way."""
        if self.resolution is None:
            return ()
        got = [one.address.key for one in self.resolution.deliveries]
        refused = [f"{one.address.key}: {one.reply}" for one in self.resolution.refusals]
        hidden = [f"{one.untold:,} members of {one.address.key}" for one in self.resolution.changes if one.untold]
        withheld = [f"{one.at.key}: {NOT_TOLD}" for one in self.resolution.withheld]
        return (*sorted(got), *sorted(refused), *sorted(hidden), *sorted(withheld))

    @property
    def hops(self) -> frozenset[tuple[str, object]]:
        """Which way each goes."""
        if self.resolution is None:
            return frozenset()
        pairs = zip(self.resolution.deliveries, self.routes, strict=True)
        return frozenset((one.address.key, route.next_hop) for one, route in pairs)

    @property
    def trail(self) -> tuple[Step, ...]:
        """Everything that was asked, in its order: admission, resolution, send connectors."""
        return tuple(step for aspect in _ASKED for step in self.steps(aspect))

    def steps(self, aspect: Aspect) -> tuple[Step, ...]:
        """Those that can make a difference in it."""
        rules = tuple(one.step for one in self.rules)
        if aspect is Aspect.VERDICT:
            return (*self.verdict.trail, *rules)
        if aspect is Aspect.ACTIONS:
            return rules
        is_about_whom = aspect is Aspect.RECIPIENTS
        return _resolution_steps(self.resolution) if is_about_whom else _route_steps(self.routes)

    @property
    def actions(self) -> tuple[str, ...]:
        """What rules that fit do, in their order."""
        return tuple(
            f"{one.name}: {'; '.join(filter(None, (*one.actions, one.grave)))}{'' if one.is_done else ' (test)'}"
            for one in self.rules
            if one.answer is Answer.YES
        )


def outcome_of(ruleset: Ruleset, question: DecisionInput, *, lookup: RecipientLookup, now: float) -> Outcome:
    """Decide, resolve and route, as a node would."""
    verdict = replaying.replay(ruleset, question, lookup=lookup, now=now)
    return _after(verdict, ruleset, question, lookup=lookup)


def own_outcome(ruleset: Ruleset, question: DecisionInput, *, lookup: RecipientLookup, now: float) -> Outcome:
    """The same for a recipient of an accepted domain, of a client that was let in: there who it is has no say,
    but for limits of what users send."""
    assert question.recipient is not None
    facts = question.facts if ruleset.limited_senders is None else replaying.served(ruleset, question.facts)
    verdict = admission.rcpt(
        ruleset,
        facts,
        question.sender,
        question.recipient,
        size_bytes=question.size_bytes,
        lookup=lookup,
        now=now,
    )
    return _after(verdict, ruleset, question, lookup=lookup)


def relayed_outcome(verdict: Verdict, ruleset: Ruleset, recipient: Address, size_bytes: int) -> Outcome:
    """The way of an accepted message for somebody elsewhere."""
    route = routing.route(ruleset, recipient.domain, size_bytes=size_bytes)
    return Outcome(verdict, Resolution([Delivery(recipient)]), (route,))


def with_rules(
    outcome: Outcome,
    ruleset: Ruleset,
    question: DecisionInput,
    *,
    subject: str | None,
    lookup: RecipientLookup,
    now: float,
) -> Outcome:
    """What mail flow rules make of an accepted message to this one recipient; its content was not recorded."""
    connector = ruleset.connector_for(question.facts.binding, question.facts.peer)
    facts = RuleFacts(
        session=question.facts.changed(connector_id=connector.id if connector is not None else ""),
        sender=question.sender,
        recipients=[question.recipient] if question.recipient is not None else [],
        size_bytes=question.size_bytes,
        subject=subject,
    )
    decided = mail_flow_rules.decide_rules(ruleset, facts, lookup=lookup, now=now)
    told, effects = tuple(decided.told), decided.effects
    if effects.refusal is not None:  # else nothing but what was not recorded can be the reason
        return Outcome(
            admission.refuse(Stage.DATA, effects.refusal, decided.because, outcome.verdict.trail), rules=told
        )
    is_sent_on = bool(effects.takes_to or effects.connector_id)
    ruled = replace(outcome, rules=told, is_sent_on=is_sent_on)
    if outcome.resolution is None or effects.is_deleted or not (is_sent_on or effects.is_tls_required):
        return ruled
    return _sent_on(ruled, ruleset, question, effects, lookup=lookup)


def _sent_on(
    outcome: Outcome, ruleset: Ruleset, question: DecisionInput, effects: Effects, *, lookup: RecipientLookup
) -> Outcome:
    """To whom, and which way, rules send it."""
    assert outcome.resolution is not None and question.recipient is not None
    size, resolution = question.size_bytes, outcome.resolution
    if effects.takes_to:
        targets = {one.key: one for one in (*(effects.recipients or [question.recipient]), *effects.added)}
        sender = Sender(question.sender, bool(question.facts.identity))
        try:
            found = [resolve(ruleset, one, lookup, sender=sender, size_bytes=size) for one in targets.values()]
        except LookupUnavailable:
            return replace(outcome, resolution=None, routes=())
        resolution = together(found)
    return replace(outcome, resolution=resolution, routes=_routes(ruleset, resolution, size, effects))


def _after(verdict: Verdict, ruleset: Ruleset, question: DecisionInput, *, lookup: RecipientLookup) -> Outcome:
    recipient = question.recipient
    if not verdict.is_accepted or recipient is None:
        return Outcome(verdict)
    sender = Sender(question.sender, bool(question.facts.identity))
    try:
        resolution = resolve(ruleset, recipient, lookup, sender=sender, size_bytes=question.size_bytes)
    except LookupUnavailable:
        return Outcome(verdict)
    return Outcome(verdict, resolution, _routes(ruleset, resolution, question.size_bytes, _AS_IT_CAME))


def _routes(ruleset: Ruleset, resolution: Resolution, size_bytes: int, effects: Effects) -> tuple[routing.Route, ...]:
    """One for each delivery."""
    found = (
        routing.choose(
            ruleset,
            one.address.domain,
            size_bytes=size_bytes,
            home_server=one.home_server,
            by_connector=effects.connector_id,
        )
        for one in resolution.deliveries
    )
    if not effects.is_tls_required:
        return tuple(found)
    return tuple(replace(one, next_hop=routing.requiring_tls(one.next_hop)) for one in found)


def aspect_of(before: Outcome, after: Outcome) -> Aspect | None:
    """What differs, the cause before what follows from it; None where nothing does."""
    if before.reply != after.reply:
        return Aspect.VERDICT
    if before.actions != after.actions:  # of which others that get it and other ways may only follow
        return Aspect.ACTIONS
    if before.recipients != after.recipients:
        return Aspect.RECIPIENTS
    return Aspect.ROUTE if before.hops != after.hops else None


def in_words(outcome: Outcome, aspect: Aspect) -> str:
    """The side of the difference, short."""
    if aspect is Aspect.VERDICT:
        return outcome.reply
    if aspect is Aspect.RECIPIENTS:
        return _listed(outcome.recipients) or "waits for the directory"
    if aspect is Aspect.ACTIONS:
        return _listed(outcome.actions) or "no rule acts"
    return _listed(tuple(sorted({_way(route) for route in outcome.routes}))) or "waits for the directory"


def _listed(words: tuple[str, ...]) -> str:
    shown = ", ".join(words[:NAMED])
    return f"{shown} and {len(words) - NAMED} more" if len(words) > NAMED else shown


def _way(route: routing.Route) -> str:
    """The send connector, and its smart hosts where it has some."""
    chosen = route.chosen
    if chosen is None:
        return "Unreachable queue"
    hop = route.next_hop
    return f"{chosen.name} (by DNS)" if hop.delivery_type in BY_DNS else f"{chosen.name} (smart host {hop.domain})"


def _resolution_steps(resolution: Resolution | None) -> tuple[Step, ...]:
    if resolution is None:
        return ()
    changes = [
        Step("recipients", "", str(one.address), Answer.YES, f"{one.because}{_whereto(one)}")
        for one in resolution.changes
    ]
    refused = [
        Step("recipients", "", str(one.address), Answer.NO, f"{one.because} {one.reply}") for one in resolution.refusals
    ]
    withheld = [Step("recipients", "", str(one.at), Answer.CANNOT_TELL, one.text) for one in resolution.withheld]
    return (*changes, *refused, *withheld)


def _whereto(change: Change) -> str:
    return f" To {_listed(tuple(map(str, change.to)))}." if change.to else ""


def _route_steps(routes: tuple[routing.Route, ...]) -> tuple[Step, ...]:
    steps: dict[Step, None] = {}
    for route in routes:
        if route.chosen is None:
            steps[Step("send_connectors", "", "send connectors", Answer.NO, "None takes it: Unreachable queue.")] = None
        for one in route.considered:
            answer = Answer.NO if one.eliminated_because else Answer.YES
            because = one.because or f"{_way(route)}."
            steps[Step("send_connectors", one.connector_id, one.name, answer, because)] = None
    return tuple(steps)
