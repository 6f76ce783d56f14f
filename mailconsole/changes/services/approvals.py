"""What a change needs by the approval rules in effect, and what counts of what it has. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.reach import out_of_reach
from mailconsole.changes.refusals import NotApproved
from mailconsole.changes.services.ground import concerned_by, digest_of, has_written, prolonged_by
from mailconsole.changes.services.group_directory import GroupDirectory
from mailconsole.changes.services.plan import Plan, sketch_change
from mailconsole.changes.states import Verdict
from transport.config.diff import ObjectChange
from transport.rules.approval import Demands, Need, Person, demands_of
from transport.rules.broadness import broad_reasons


@dataclass(frozen=True, slots=True)
class Standing:
    """One need and how far it is met: the names of those who count for it, and how many are missing."""

    need: Need
    given: tuple[str, ...]
    missing: int

    @property
    def missing_words(self) -> str:
        return f"{self.missing} missing"

    @property
    def more(self) -> int:
        """Reasons that are not told."""
        return self.need.count - len(self.need.reasons)


@dataclass(frozen=True, slots=True)
class Approvals:
    """``people`` are those whose approvals count at this moment."""

    demands: Demands
    people: tuple[Person, ...]

    @property
    def missing(self) -> tuple[Need, ...]:
        return self.demands.missing(self.people)

    @property
    def standings(self) -> list[Standing]:
        return [Standing(need, need.counted(self.people), need.missing(self.people)) for need in self.demands.needs]

    @property
    def is_enough(self) -> bool:
        return not self.missing


def approvals_of(change: Change, plan: Plan, *, now: datetime) -> Approvals:
    """By the rules of the plan's head, the ones in effect, whatever the change makes of them."""
    # What stays in effect by moving another change's end needs what it needed itself, without its end in sight.
    concerned = (*plan.changes, *prolonged_by(change), *_brought_back(change, plan))
    demands = demands_of(concerned, plan.head_document, now=now, lookup=GroupDirectory())
    return Approvals(demands, tuple(_counting(change)))


def _brought_back(change: Change, plan: Plan) -> Iterator[ObjectChange]:
    """What its end will make broad again is asked about like what makes it broad now."""
    if change.expires_at is None:
        return
    back = [replace(one, before=one.after, after=one.before) for one in plan.changes]
    reasons = broad_reasons(back, plan.document or plan.head_document, GroupDirectory())
    yield from (one for one, is_broad in zip(back, reasons, strict=True) if is_broad)


def _counting(change: Change) -> Iterator[Person]:
    """Those who approved just these items, did not write them, and may review still; each once."""
    current, seen = digest_of(change), set()
    reviews: Iterable[Review] = change.reviews.filter(verdict=Verdict.APPROVED, is_void=False, digest=current)
    for review in reviews:
        reviewer = User.objects.get(pk=review.reviewer_id)  # as they are now, not as they were
        if reviewer.pk in seen or has_written(change, reviewer):
            continue
        seen.add(reviewer.pk)
        person = person_of(reviewer)
        if person.may_review and out_of_reach(reviewer.limit_of(Role.REVIEWER), concerned_by(change)) is None:
            yield person


def whose_count(change: Change, reviewers: Iterable[User], *, now: datetime) -> list[User]:
    """Those of them whose approval would count for something that is missing still; all where nothing is."""
    missing = approvals_of(change, sketch_change(change), now=now).missing
    people = [(one, person_of(one)) for one in reviewers]
    return [one for one, person in people if not missing or any(need.counted([person]) for need in missing)]


def person_of(user: User) -> Person:
    roles = frozenset(user.role_names)
    return Person(user.username, roles, user.is_active and Role.REVIEWER.value in roles)


def check_approvals(change: Change, plan: Plan, *, now: datetime) -> None:
    """Raises NotApproved where the rules in effect ask for more than counts."""
    missing = approvals_of(change, plan, now=now).missing
    if missing:
        asked = ", and ".join(need.sentence[:1].lower() + need.sentence[1:] for need in missing)
        raise NotApproved(f"“{change.title}” is not approved as the approval rules ask: it needs {asked}. "
                          f"{missing[0].reasons[0]}")  # fmt: skip
