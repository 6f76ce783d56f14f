"""Replays a sample of recorded attempts under two configurations, and tells how far it is while it does."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from mailconsole.changes import recorded
from mailconsole.changes.impact.answer import Outcome
from mailconsole.changes.impact.comparison import Compared, Comparison, difference_of
from mailconsole.changes.impact.gathering import Gathering, gatherings
from mailconsole.changes.impact.report import Example, Line, Report, example_of
from mailconsole.changes.impact.unseen import unseen
from mailconsole.changes.recorded import RecordedDecision, Sample
from transport.config.document import MailFlow
from transport.model.verdict import Answer, Step

TELL_EVERY_S = 0.4
CHECK_EVERY = 256
UNTOLD = 20
"""Mail flow rules that are named because what they look at was not recorded."""
_ANSWERS = {Answer.YES: "yes", Answer.NO: "no", Answer.CANNOT_TELL: "can't tell"}

Tell = Callable[[int], None]
"""Takes how many were decided; raises to end the replay."""


def replay(
    sample: Sample,
    *,
    before: MailFlow,
    after: MailFlow,
    since: datetime,
    now: datetime,
    tell: Tell = lambda done: None,
) -> Report:
    """Decide each again under both documents. ``tell`` is called a few times a second."""
    begun = told_at = time.monotonic()
    comparison = Comparison(before, after, finds=recorded.directory(), owns=recorded.owners(), now=now.timestamp())
    tally = _Tally()
    for done, decision in enumerate(sample.decisions, 1):
        if done % CHECK_EVERY == 0 and time.monotonic() - told_at > TELL_EVERY_S:
            tell(done)
            told_at = time.monotonic()
        try:
            tally.add(decision, comparison.compare(decision))
        except ValueError:
            tally.unasked += 1
    return Report(
        since=since.isoformat(),
        until=now.isoformat(),
        how=sample.how,
        sample=tally.sample + tally.unasked,
        distinct=comparison.distinct,
        unasked=tally.unasked,
        otherwise_then=tally.otherwise_then,
        untold=dict(comparison.untold.most_common(UNTOLD)),
        withheld_rules=dict(comparison.withheld.most_common(UNTOLD)),
        withheld=tally.withheld,
        unanswered=dict(comparison.unanswered.most_common(UNTOLD)),
        unseen=unseen(before, after),
        opened=tally.opened,
        closed=tally.closed,
        counts=dict(tally.counts),
        groupings=tuple(one.finish(lambda decision: _shown(comparison, decision)) for one in tally.gatherings),
        seconds=round(time.monotonic() - begun, 2),
    )


@dataclass(slots=True)
class _Tally:
    """What is counted on the way."""

    sample: int = 0
    unasked: int = 0
    otherwise_then: int = 0
    withheld: int = 0
    opened: int = 0
    closed: int = 0
    counts: Counter[str] = field(default_factory=Counter)
    gatherings: tuple[Gathering, ...] = field(default_factory=gatherings)

    def add(self, decision: RecordedDecision, compared: Compared) -> None:
        self.sample += 1
        self.otherwise_then += compared.is_otherwise_then(decision)
        self.withheld += compared.is_withheld
        difference = compared.difference
        if difference is None:
            return
        self.counts[difference.aspect.value] += 1
        self.opened += difference.is_opening
        self.closed += difference.is_closing
        for gathering in self.gatherings:
            gathering.add(decision, difference)


def _shown(comparison: Comparison, decision: RecordedDecision) -> Example:
    sides = comparison.sides(decision)
    difference = difference_of(sides)
    assert difference is not None  # its like differed
    before, after = difference.before, difference.after
    binding = comparison.binding_of(decision)
    told = (before, _lines(sides.before)), (after, _lines(sides.after))
    return example_of(decision, binding, *told, is_by_time=comparison.is_by_time(decision))


def _lines(outcome: Outcome) -> tuple[Line, ...]:
    return tuple(_line(step) for step in outcome.trail)


def _line(step: Step) -> Line:
    return Line(step.name, _ANSWERS[step.answer], step.because)
