"""What is broad about a group of ours: it, or a group that it is in, becomes that of very many people, and a rule goes
by who is in that. Pure.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Sequence

from transport.config.diff import Json, ObjectChange, as_json
from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule
from transport.config.rule_kinds import ConditionKind
from transport.rules.broad_conditions import MANY, OF_GROUPS, Measure
from transport.rules.broad_rules import takes_much

_GROUPS = "distribution_groups"
_Edges = dict[str, list[str]]


class Grown:
    """Knows which groups make which rules of ``document`` broad, once somebody asks. ``before`` measures as if the
    changes were not made."""

    def __init__(self, document: MailFlow, changes: Sequence[ObjectChange], measure: Measure, before: Measure) -> None:
        self._document = document
        self._changes = tuple(one for one in changes if one.kind == _GROUPS)
        self._measure = measure
        self._before = before
        self._told: dict[str, str] | None = None

    def why_broad(self, change: ObjectChange) -> str:
        """Which rule becomes broad by it, as the rest of a sentence."""
        grown = _grown(change)
        if not grown:
            return ""
        if self._told is None:
            self._told = self._find()
        return next((self._told[one] for one in grown if one in self._told), "")

    def _find(self) -> dict[str, str]:
        """By the address of a group: which rule goes by it, or by one that it is in, and becomes broad."""
        inner = _inner(self._document, self._changes)
        concerned = _reached((one for change in self._changes for one in _grown(change)), _turned(inner), ())
        told: dict[str, str] = {}
        for rule in self._document.mail_flow_rules:
            groups = _groups_of(rule)
            if concerned.isdisjoint(groups) or takes_much(rule, self._before):
                continue
            said = takes_much(rule, self._measure)
            if said:
                sentence = f"makes the mail flow rule {rule.name} broad, which {said}"
                told |= dict.fromkeys(_reached(groups, inner, told), sentence)
        return told


def _grown(change: ObjectChange) -> tuple[str, ...]:
    """By which of its addresses a group is more than it was, past what is one of few; who is in a group within it is
    not counted here."""
    if change.kind != _GROUPS or change.after is None:
        return ()
    before, after = change.before or {}, change.after
    old, new = _members(before), _members(after)
    is_more = bool(new - old) and len(old) < MANY
    gained = [one for one in _names(after) if one not in _names(before)]
    return (after["address"].lower(), *gained) if is_more else tuple(gained)


def _members(said: Json) -> set[str]:
    return set(map(str.lower, said.get("members", ())))


def _names(said: Json) -> list[str]:
    return [one.lower() for one in (said["address"], *said["aliases"])] if said else []


def _inner(document: MailFlow, changes: Iterable[ObjectChange]) -> _Edges:
    """Which groups are in each, as the changes leave them; another address of a group leads to its primary one."""
    left: dict[str, Json | None] = {one.id: as_json(one) for one in document.distribution_groups}
    left |= {one.object_id: one.after for one in changes}
    groups = [one for one in left.values() if one is not None]
    names = {name for one in groups for name in _names(one)}
    found: _Edges = {}
    for one in groups:
        primary, *others = _names(one)
        found |= {name: [primary] for name in others}
        found[primary] = [member for member in _members(one) if member in names]
    return found


def _turned(edges: _Edges) -> _Edges:
    found: _Edges = {}
    for one, others in edges.items():
        for other in others:
            found.setdefault(other, []).append(one)
    return found


def _reached(begin: Iterable[str], edges: _Edges, known: Container[str]) -> set[str]:
    """Without those that are known: what these reach is known too. A ring of groups ends."""
    found: set[str] = set()
    ahead = list(begin)
    while ahead:
        one = ahead.pop()
        if one not in found and one not in known:
            found.add(one)
            ahead += edges.get(one, ())
    return found


def _groups_of(rule: MailFlowRule) -> frozenset[str]:
    kinds = (*OF_GROUPS, ConditionKind.BETWEEN_MEMBERS)
    values = (value for one in rule.conditions if one.kind in kinds for value in one.values)
    return frozenset(group.lower() for value in values for group in value.split(", "))
