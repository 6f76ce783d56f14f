"""What is broad about a group of ours: it becomes that of very many people, and a rule goes by who is in it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from transport.config.diff import Json, ObjectChange
from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule
from transport.config.rule_kinds import ConditionKind
from transport.rules.broad_conditions import MANY, OF_GROUPS, Measure
from transport.rules.broad_rules import takes_much


class Grown:
    """Knows which rules of ``document`` go by which groups, once somebody asks."""

    def __init__(self, document: MailFlow, measure: Measure) -> None:
        self._document = document
        self._measure = measure
        self._by_group: dict[str, list[MailFlowRule]] | None = None

    def why_broad(self, change: ObjectChange) -> str:
        """Which rule becomes broad by it, as the rest of a sentence."""
        if change.kind != "distribution_groups" or change.after is None:
            return ""
        if not _grows(change.before or {}, change.after):
            return ""
        for rule in self._asking((change.after["address"], *change.after["aliases"])):
            said = takes_much(rule, self._measure)
            if said:
                return f"makes the mail flow rule {rule.name} broad, which {said}"
        return ""

    def _asking(self, addresses: Iterable[str]) -> Iterator[MailFlowRule]:
        if self._by_group is None:
            self._by_group = {}
            for rule in self._document.mail_flow_rules:
                for group in _groups_of(rule):
                    self._by_group.setdefault(group, []).append(rule)
        for address in addresses:
            yield from self._by_group.get(address.lower(), ())


def _grows(before: Json, after: Json) -> bool:
    """Past what is one of few; who is in a group within it is not counted before."""
    old, new = (set(map(str.lower, said.get("members", ()))) for said in (before, after))
    return bool(new - old) and len(old) < MANY


def _groups_of(rule: MailFlowRule) -> frozenset[str]:
    kinds = (*OF_GROUPS, ConditionKind.BETWEEN_MEMBERS)
    values = (value for one in rule.conditions if one.kind in kinds for value in one.values)
    return frozenset(group.lower() for value in values for group in value.split(", "))
