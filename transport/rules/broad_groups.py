"""What is broad about a group of ours: it becomes that of very many people, and a rule goes by who is in it. Pure."""

from __future__ import annotations

from transport.config.diff import Json, ObjectChange
from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule
from transport.config.rule_kinds import ConditionKind
from transport.rules.broad_conditions import MANY, OF_GROUPS, Measure
from transport.rules.broad_rules import takes_much


def grown(change: ObjectChange, document: MailFlow, measure: Measure) -> str:
    """Which rule of ``document`` becomes broad by it, as the rest of a sentence."""
    if change.kind != "distribution_groups" or change.after is None or not _grows(change.before or {}, change.after):
        return ""
    named = {one.lower() for one in (change.after["address"], *change.after["aliases"])}
    for rule in document.mail_flow_rules:
        said = takes_much(rule, measure) if _asks(rule, named) else ""
        if said:
            return f"makes the mail flow rule {rule.name} broad, which {said}"
    return ""


def _grows(before: Json, after: Json) -> bool:
    """Past what is one of few; who is in a group within it is not counted before."""
    old, new = (set(map(str.lower, said.get("members", ()))) for said in (before, after))
    return bool(new - old) and len(old) < MANY


def _asks(rule: MailFlowRule, named: set[str]) -> bool:
    kinds = (*OF_GROUPS, ConditionKind.BETWEEN_MEMBERS)
    asked = [one for one in rule.conditions if one.kind in kinds]
    return any(group.lower() in named for one in asked for value in one.values for group in value.split(", "))
