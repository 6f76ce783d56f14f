"""Decides recorded attempts under both configurations, each distinct question once. Pure but for what it is given."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from typing import Protocol

from mailconsole.changes import recorded
from mailconsole.changes.impact.answer import (
    Aspect,
    Outcome,
    aspect_of,
    in_words,
    outcome_of,
    own_outcome,
    relayed_outcome,
    with_rules,
)
from mailconsole.changes.impact.likeness import Inside, Key, Likeness, Watched
from mailconsole.changes.impact.lists import Lists, ListSides, applied
from mailconsole.changes.impact.question import question_of
from mailconsole.changes.recorded import RecordedDecision
from transport.config.document import MailFlow
from transport.config.words import KIND_LABELS
from transport.model.address import Address
from transport.model.verdict import Answer, Stage, Step, Verdict
from transport.rules import admission, dns_lists
from transport.rules.admission import DecisionInput, RecipientLookup
from transport.rules.ruleset import Ruleset, compile_ruleset

_UNKNOWN = "5.1.1"
_LET_IN = admission.accept(Stage.RCPT)


class Deciding(Protocol):
    """Decides one question under one configuration."""

    def __call__(
        self, ruleset: Ruleset, question: DecisionInput, *, lookup: RecipientLookup, now: float
    ) -> Outcome: ...


@dataclass(frozen=True, slots=True)
class Difference:
    """How the answers to one question differ; ``decided_by`` is the object that makes the difference."""

    aspect: Aspect
    before: str
    after: str
    decided_by: str
    is_opening: bool
    is_closing: bool = False


@dataclass(frozen=True, slots=True)
class Compared:
    """``is_otherwise_then``: the old configuration answers today other than what was recorded. ``is_withheld``: whether
    it is accepted can't be told, by one of them at least; ``is_accepted`` by the new one."""

    difference: Difference | None
    was_accepted: bool
    is_refused_by_both: bool
    is_withheld: bool = False
    is_accepted: bool = False

    def is_otherwise_then(self, decision: RecordedDecision) -> bool:
        return not self.is_withheld and self.was_accepted == bool(decision.reply)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both outcomes of one attempt, for an example."""

    before: Outcome
    after: Outcome


class Comparison:
    """``distinct`` counts what was really decided."""

    def __init__(
        self, before: MailFlow, after: MailFlow, *, finds: recorded.Finds, owns: recorded.Owns, now: float
    ) -> None:
        self._old, self._new = compile_ruleset(before), compile_ruleset(after)
        self._likeness = Likeness((self._old, self._new), now=now)
        self._lookup, self._owns = Watched(recorded.discreet(finds)), owns  # many people read it
        self._fronts: dict[Key, Compared] = {}
        self._own: dict[Key, Compared] = {}
        self._outside: dict[Key, Compared] = {}
        self._routes: dict[Key, Compared] = {}
        self._whole: dict[Key, Compared] = {}
        self._picky: set[Key] = set()
        self._lists = Lists(self._old, self._new)
        self._has_rules = bool(before.mail_flow_rules or after.mail_flow_rules)
        self._asks_rules = self._has_rules and _is_about_rules(before, after)
        self._by_rules = self._by_lists = 0
        self.untold: Counter[str] = Counter()
        """Mail flow rules that look at what was not recorded, and at how many attempts."""
        self.withheld: Counter[str] = Counter()
        """Mail flow rules that ask who is in a group that hides its members, and of how many attempts."""

    @property
    def unanswered(self) -> Counter[str]:
        """Providers of lists, and of how many attempts they would be asked that no recording answers."""
        return self._lists.unanswered

    @property
    def distinct(self) -> int:
        kept = (self._fronts, self._own, self._outside, self._routes, self._whole)
        return sum(len(one) for one in kept) + self._by_rules + self._by_lists

    def compare(self, decision: RecordedDecision) -> Compared:
        """Raises InvalidAddress, ValueError where what was recorded can't be asked again."""
        question, at = self._asked(decision)
        found = self._admitted(decision, question, at)
        if self._lists.is_asked and question.recipient is not None and (found.was_accepted or found.is_accepted):
            found = self._listed(found, decision, question, at)
        if question.recipient is None or not (found.was_accepted or found.is_accepted):
            return found
        if found.difference is not None:
            return self._told(self._whole_sides(decision, question, at)) if self._has_rules else found
        return self._by_rules_alone(decision, question, at) if self._asks_rules else found

    def _listed(self, found: Compared, decision: RecordedDecision, question: DecisionInput, at: float) -> Compared:
        """With what lists in DNS said then: most attempts have no word of theirs."""
        lists = self._list_sides(decision, question, at, accepted=(found.was_accepted, found.is_accepted))
        self._lists.count(lists)
        if lists.is_silent:
            return found
        if lists.is_unknown:
            return Compared(None, lists.before.refusal is None, is_refused_by_both=True)
        self._by_lists += 1
        whole = self._sides(question, at, was_unknown=_UNKNOWN in decision.reply)
        return _compared(_with_lists(whole, lists))

    def _list_sides(
        self, decision: RecordedDecision, question: DecisionInput, at: float, *, accepted: tuple[bool, bool]
    ) -> ListSides:
        now = self._likeness.when(question, at)
        return self._lists.sides(decision, question, accepted=accepted, now=now)

    def _admitted(self, decision: RecordedDecision, question: DecisionInput, at: float) -> Compared:
        recipient, was_unknown = question.recipient, _UNKNOWN in decision.reply
        key = self._likeness.front_key(question, at)
        front = self._fronts.get(key)
        if front is None:
            front = self._fronts[key] = self._decide(replace(question, recipient=None), at)
        if recipient is None or front.is_refused_by_both:
            return front
        inside = self._likeness.inside(recipient)
        if front.difference is None and inside is Inside.NEITHER:
            return self._relayed(key, question, recipient, at)
        if front.difference is None and inside is Inside.BOTH:
            own = self._likeness.own_key(question, recipient, was_unknown=was_unknown)
            if own not in self._picky:
                return self._of_ours(own, question, at, was_unknown=was_unknown)
        key = self._likeness.whole_key(key, question, recipient, was_unknown=was_unknown)
        known = self._whole.get(key)
        if known is None:
            known = self._whole[key] = self._decide(question, at, was_unknown=was_unknown)
        return known

    def _of_ours(self, key: Key, question: DecisionInput, at: float, *, was_unknown: bool) -> Compared:
        known = self._own.get(key)
        if known is None:
            known = _compared(self._sides(question, at, was_unknown=was_unknown, by=own_outcome))
            if self._lookup.is_picky:
                self._picky.add(key)  # of this attempt it is the answer, not of those like it
            else:
                self._own[key] = known
        return known

    def _relayed(self, front: Key, question: DecisionInput, recipient: Address, at: float) -> Compared:
        """Whether it is accepted, and which way it goes, are two questions: together there would be far more."""
        key = self._likeness.outside_key(front, question, recipient)
        known = self._outside.get(key)
        if known is None:
            sides = self._sides(question, at)
            known = _compared(Sides(Outcome(sides.before.verdict), Outcome(sides.after.verdict)))
            self._outside[key] = known
        if known.difference is not None or not known.was_accepted:
            return known
        key = self._likeness.route_key(question, recipient)
        route = self._routes.get(key)
        if route is None:
            ways = (relayed_outcome(_LET_IN, one, recipient, question.size_bytes) for one in (self._old, self._new))
            route = self._routes[key] = _compared(Sides(*ways))
        return route

    def _by_rules_alone(self, decision: RecordedDecision, question: DecisionInput, at: float) -> Compared:
        """Nothing else differs, unless rules send it to somebody else or another way."""
        sides = self._with_rules(Sides(Outcome(_LET_IN), Outcome(_LET_IN)), decision, question, at)
        if sides.before.is_sent_on or sides.after.is_sent_on:
            sides = self._whole_sides(decision, question, at)
        return self._told(sides)

    def _told(self, sides: Sides) -> Compared:
        """Rules may look at anything, the subject too: each message is asked for."""
        self._by_rules += 1
        unknown = [one for one in (*sides.before.rules, *sides.after.rules) if one.answer is Answer.CANNOT_TELL]
        self.untold.update({one.name for one in unknown if not one.is_withheld})
        self.withheld.update({one.name for one in unknown if one.is_withheld})
        return _compared(sides)

    def _with_rules(self, sides: Sides, decision: RecordedDecision, question: DecisionInput, at: float) -> Sides:
        """Of the sides that accept it."""
        now, subject = self._likeness.when(question, at), decision.subject
        before, after = (
            with_rules(outcome, ruleset, question, subject=subject, lookup=self._lookup, now=now)
            if outcome.verdict.is_accepted
            else outcome
            for outcome, ruleset in ((sides.before, self._old), (sides.after, self._new))
        )
        return Sides(before, after)

    def sides(self, decision: RecordedDecision) -> Sides:
        """Both outcomes with their trails, for this very attempt."""
        return self._whole_sides(decision, *self._asked(decision))

    def _whole_sides(self, decision: RecordedDecision, question: DecisionInput, at: float) -> Sides:
        sides = self._sides(question, at, was_unknown=_UNKNOWN in decision.reply)
        each = sides.before.verdict.is_accepted, sides.after.verdict.is_accepted
        if self._lists.is_asked and any(each):
            sides = _with_lists(sides, self._list_sides(decision, question, at, accepted=each))
        if not self._has_rules or question.recipient is None:
            return sides
        return self._with_rules(sides, decision, question, at)

    def binding_of(self, decision: RecordedDecision) -> str:
        """Where the client connected, as the old configuration names it."""
        return self._asked(decision)[0].facts.binding

    def is_by_time(self, decision: RecordedDecision) -> bool:
        """Whether it was decided for the time of then."""
        question, at = self._asked(decision)
        return self._likeness.when(question, at) == at

    def _asked(self, decision: RecordedDecision) -> tuple[DecisionInput, float]:
        return question_of(decision, self._old, self._owns), decision.at.timestamp()

    def _decide(self, question: DecisionInput, at: float, *, was_unknown: bool = False) -> Compared:
        return _compared(self._sides(question, at, was_unknown=was_unknown))

    def _sides(
        self, question: DecisionInput, at: float, *, was_unknown: bool = False, by: Deciding = outcome_of
    ) -> Sides:
        now, lookup = self._likeness.when(question, at), self._lookup
        lookup.was_unknown, lookup.is_picky = was_unknown, False
        before = by(self._old, question, lookup=lookup, now=now)
        return Sides(before, by(self._new, question, lookup=lookup, now=now))


def _with_lists(sides: Sides, lists: ListSides) -> Sides:
    return Sides(applied(sides.before, lists.before), applied(sides.after, lists.after))


def _is_about_rules(before: MailFlow, after: MailFlow) -> bool:
    """Whether rules may act otherwise: where they, or what they ask about or send by, differ."""
    asked = (
        "mail_flow_rules",
        "accepted_domains",
        "recipients",
        "distribution_groups",
        "receive_connectors",
        "send_connectors",
        "address_rewriting",
    )
    return any(before.section(name) != after.section(name) for name in asked)


def _compared(sides: Sides) -> Compared:
    verdicts = sides.before.verdict, sides.after.verdict
    accepted = [one.is_accepted for one in verdicts]
    is_withheld = any(one.is_withheld for one in verdicts)
    return Compared(difference_of(sides), accepted[0], not any(accepted), is_withheld, accepted[1])


def difference_of(sides: Sides) -> Difference | None:
    """None where nothing differs."""
    aspect = aspect_of(sides.before, sides.after)
    if aspect is None:
        return None
    before, after = sides.before.verdict, sides.after.verdict
    words = in_words(sides.before, aspect), in_words(sides.after, aspect)
    return Difference(
        aspect,
        *words,
        _named(_listing(sides) or decisive(sides, aspect)),
        is_opening=after.is_accepted and _refuses(before),
        is_closing=before.is_accepted and _refuses(after),
    )


def _refuses(verdict: Verdict) -> bool:
    return not verdict.is_accepted and not verdict.is_withheld


def _listing(sides: Sides) -> Step | None:
    """The list in DNS that refuses on one side: on the other it may say the same, and refuse nobody."""
    before, after = sides.before.verdict, sides.after.verdict
    refusing = after if _refuses(after) and before.is_accepted else before
    if not _refuses(refusing):
        return None
    told = [step for step in refusing.trail if step.kind == dns_lists.BLOCK and step.answer is not Answer.NO]
    asked = [step for step in told if not step.because.endswith(dns_lists.NOT_ASKED)]
    return asked[-1] if asked else None


def decisive(sides: Sides, aspect: Aspect) -> Step | None:
    """The object that makes the difference: what refuses on one side alone; else what says yes on one side alone, the
    new one first; else what says no."""
    refusing = _refusing(sides) if aspect is Aspect.VERDICT else None
    if refusing is not None:
        return refusing
    before, after = sides.before.steps(aspect), sides.after.steps(aspect)
    was, now = {_said(step) for step in before}, {_said(step) for step in after}
    told = [step for step in after if _said(step) not in was], [step for step in before if _said(step) not in now]
    ordered = [step for steps in told for step in steps]
    says_yes = [step for step in ordered if step.answer is not Answer.NO]
    named = [step for step in (*says_yes, *ordered) if step.object_id]
    return next(iter(named or says_yes or ordered), None)


def _refusing(sides: Sides) -> Step | None:
    """The last step of a refusal, where it is an object's own no, and the other side has none such of it. That no
    relay policy grants it is no policy's own."""
    for one, other in ((sides.after, sides.before), (sides.before, sides.after)):
        trail = one.verdict.trail
        if not _refuses(one.verdict) or not trail or trail[-1].kind == "relay_policies":
            continue
        last = trail[-1]
        if last.object_id and last.answer is Answer.NO and _said(last) not in {_said(step) for step in other.trail}:
            return last
    return None


def _said(step: Step) -> tuple[str, str, Answer]:
    return step.kind, step.object_id or step.name, step.answer


def _named(step: Step | None) -> str:
    if step is None:
        return "A setting of an object"
    label = KIND_LABELS.get(step.kind, step.kind.replace("_", " ").capitalize())
    return f"{label} {step.name}" if step.object_id or step.kind == "recipients" else label
