"""How many people of whom have to agree to a change, and why; and whether those who did are enough. Pure.

The rules that count are those in effect, never those that the change brings: lowering them needs what they demand.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from transport.config.diff import ObjectChange
from transport.config.document import MailFlow
from transport.config.objects import ApprovalRule, ReviewerGroup
from transport.config.words import KIND_LABELS
from transport.ports.recipients import NoDirectory, RecipientLookup
from transport.rules.asking import in_order, rules_about
from transport.rules.broadness import broad_reasons
from transport.rules.ending import ending

REASONS_AT_MOST = 5


@dataclass(frozen=True, slots=True)
class Person:
    """Who might approve. `may_review`: active, and with the role of a reviewer, at this moment."""

    name: str
    roles: frozenset[str]
    may_review: bool = True


@dataclass(slots=True)
class Need:
    """So many approvals of a group (None: of any reviewer); ``reasons`` are the first of ``count`` sentences."""

    approvals: int
    group: ReviewerGroup | None
    reasons: list[str] = field(default_factory=list)
    count: int = 0

    @property
    def whom(self) -> str:
        return self.group.name if self.group is not None else "any reviewer"

    @property
    def sentence(self) -> str:
        number = {1: "One approval", 2: "Two approvals", 3: "Three approvals"}.get(self.approvals)
        return f"{number or f'{self.approvals} approvals'} of {self.whom}"

    def counted(self, people: Iterable[Person]) -> tuple[str, ...]:
        """The names of those who count for it, each once."""
        return tuple(dict.fromkeys(one.name for one in people if one.may_review and _is_in(self.group, one)))

    def missing(self, people: Iterable[Person]) -> int:
        """How many are still to agree, where these did."""
        return max(0, self.approvals - len(self.counted(people)))


@dataclass(frozen=True, slots=True)
class Demands:
    """What a change needs. ``waived`` says of what needs nobody why."""

    needs: tuple[Need, ...] = ()
    waived: tuple[str, ...] = ()

    @property
    def is_nobody_needed(self) -> bool:
        return not self.needs

    def missing(self, people: Iterable[Person]) -> tuple[Need, ...]:
        people = tuple(people)
        return tuple(need for need in self.needs if need.missing(people))


def demands_of(
    changes: Iterable[ObjectChange], document: MailFlow, *, now: datetime, lookup: RecipientLookup | None = None
) -> Demands:
    """What the rules of ``document``, the one in effect, demand for these changes. ``lookup`` is the directory."""
    needs: dict[tuple[str, int], Need] = {}
    waived: list[str] = []
    rules, changes = in_order(document.approval_rules), tuple(changes)
    for change, is_broad in zip(changes, broad_reasons(changes, document, lookup or NoDirectory()), strict=True):
        asking = rules_about(change, rules, is_broad=bool(is_broad), now=now)
        what = is_broad or ending(change, now)
        asked = _asked(asking, change, what, document)
        if not asked:
            waived.append(_reason(change, asking[0], what))
        for key, (need, sentence) in asked.items():
            need = needs.setdefault(key, need)
            need.count += 1
            need.reasons += [sentence] if len(need.reasons) < REASONS_AT_MOST else []
    return Demands(tuple(_most_first(needs.values())), tuple(waived[:REASONS_AT_MOST]))


def _asked(
    asking: Iterable[ApprovalRule | None], change: ObjectChange, what: str, document: MailFlow
) -> dict[tuple[str, int], tuple[Need, str]]:
    """What all of the rules ask, each need with why; nothing where all of them ask nobody."""
    found: dict[tuple[str, int], tuple[Need, str]] = {}
    groups = {group.id: group for group in document.reviewer_groups}
    for rule in asking:
        count = rule.approvals if rule is not None else 1
        for group_id in (rule.reviewer_groups if rule is not None else ()) or ("",):
            group = groups.get(group_id)
            if count:
                key = group.id if group else "", count
                found.setdefault(key, (Need(count, group), _reason(change, rule, what)))
    return found


def _most_first(needs: Iterable[Need]) -> list[Need]:
    """Without what another need brings along: fewer of the same group, and any reviewer beside as many of a group."""
    kept: list[Need] = []
    for need in sorted(needs, key=lambda need: (-need.approvals, need.group is None, need.whom)):
        same = [one for one in kept if one.group == need.group or need.group is None]
        kept += [] if same else [need]
    return kept


def _reason(change: ObjectChange, rule: ApprovalRule | None, what: str) -> str:
    name = "" if change.kind == "organization" else f" {change.name}"
    does = what or ("is new" if change.is_new else "is changed")
    asked = f"rule {rule.name}" if rule is not None else "no rule is about it, so one reviewer approves"
    return f"{KIND_LABELS[change.kind]}{name} {does} ({asked})."


def _is_in(group: ReviewerGroup | None, person: Person) -> bool:
    if group is None:
        return True
    named = {member.casefold() for member in group.members}
    return person.name.casefold() in named or bool(person.roles & {role.value for role in group.roles})


def people_problem(rule: ApprovalRule, document: MailFlow, reviewers: Iterable[Person], authors: Iterable[str]) -> str:
    """Why nobody's change could ever get what the rule asks, as a sentence; empty where somebody's can.

    ``authors`` are the user names of those who may write changes; an author never counts for their own.
    """
    reviewers, authors = tuple(reviewers), tuple(authors)
    groups = {group.id: group for group in document.reviewer_groups}
    for group_id in rule.reviewer_groups or ("",):
        need = Need(rule.approvals, groups.get(group_id))
        names = need.counted(reviewers)
        if all(len([one for one in names if one != author]) < rule.approvals for author in authors or ("",)):
            there = f"only {', '.join(names)}" if names else "nobody"
            return f"{rule.name} needs {need.sentence.lower()} other than the author, and {there} could give it."
    return ""
