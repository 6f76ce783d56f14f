"""What lists in DNS say of an attempt under both configurations, as recorded then: nobody is asked anew. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from mailconsole.changes.impact.answer import Outcome
from mailconsole.changes.recorded import RecordedDecision
from transport.model.verdict import Verdict
from transport.rules import dns_lists, listing
from transport.rules.admission import DecisionInput
from transport.rules.dns_lists import Provider
from transport.rules.listing import ByLists
from transport.rules.listings_recalled import Recalling
from transport.rules.ruleset import Ruleset

_NOBODY = ByLists(None, ())


@dataclass(frozen=True, slots=True)
class ListSides:
    """What is added to both outcomes of one attempt."""

    before: ByLists
    after: ByLists

    @property
    def is_silent(self) -> bool:
        return self.before.refusal is None and self.after.refusal is None

    @property
    def is_unknown(self) -> bool:
        """Whether one configuration refuses by what nobody can say under the other."""
        return _hangs_on(self.before, self.after) or _hangs_on(self.after, self.before)

    @property
    def unanswered(self) -> list[Provider]:
        """Who would be asked under the new configuration alone, and the recording can't answer."""
        known = {_key(one) for one in self.before.unasked}
        return [one for one in self.after.unasked if _key(one) not in known]


def _hangs_on(one: ByLists, other: ByLists) -> bool:
    if one.refusal is None:
        return False
    decided = {(step.kind, step.object_id) for step in one.refusal.trail[-1:]}
    return any(_key(provider)[:2] in decided for provider in other.unasked)


def _key(provider: Provider) -> tuple[str, str, str]:
    return dns_lists.kind_of(provider), provider.id, provider.lookup_domain


class Lists:
    """``unanswered``: providers by name, and of how many attempts they would be asked that no recording answers."""

    def __init__(self, before: Ruleset, after: Ruleset) -> None:
        self._before, self._after = before, after
        self.is_asked = before.list_providers is not None or after.list_providers is not None
        self.unanswered: Counter[str] = Counter()

    def sides(
        self, decision: RecordedDecision, question: DecisionInput, *, accepted: tuple[bool, bool], now: float
    ) -> ListSides:
        """``accepted``: by which configuration the recipient is accepted otherwise; else nobody is asked."""
        answers = Recalling(decision.rows if "list_providers" in str(decision.trail) else ())
        before, after = (
            _said(ruleset, question, answers, now) if is_accepted else _NOBODY
            for ruleset, is_accepted in zip((self._before, self._after), accepted, strict=True)
        )
        return ListSides(before, after)

    def count(self, sides: ListSides) -> None:
        self.unanswered.update({one.name for one in sides.unanswered})


def _said(ruleset: Ruleset, question: DecisionInput, answers: Recalling, now: float) -> ByLists:
    facts, recipient = question.facts, question.recipient
    if recipient is None or facts.identity:
        return _NOBODY
    providers = listing.providers_for(ruleset, facts, now=now)
    return listing.by_lists(providers, answers, facts.peer, recipient) if providers is not None else _NOBODY


def applied(outcome: Outcome, lists: ByLists) -> Outcome:
    """The outcome with what the lists say."""
    verdict: Verdict = lists.refusal or outcome.verdict
    verdict = replace(verdict, trail=(*outcome.verdict.trail, *lists.steps))
    return Outcome(verdict) if lists.refusal is not None else replace(outcome, verdict=verdict)
