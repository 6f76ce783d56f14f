"""Rules about approval rules: whom they ask is there, and none lets anybody write themselves a way around them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.problem import Problem, Severity

APPROVAL = "approval_rules"
PROTECTED = (APPROVAL, "reviewer_groups")
"""What always needs an approval: whoever could change these alone would need none for anything."""


def _groups_are_there(document: MailFlow, now: datetime) -> Iterator[Problem]:
    there = {group.id for group in document.reviewer_groups}
    for rule in document.approval_rules:
        for missing in [one for one in rule.reviewer_groups if one not in there]:
            sentence = f"{rule.name} asks the reviewer group '{missing}', which is not there: add it, or ask another."
            yield Problem(APPROVAL, rule.id, "reviewer_groups", sentence)


def _none_frees_the_rules(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for rule in document.approval_rules:
        if not rule.approvals and (not rule.kinds or set(rule.kinds) & set(PROTECTED)):
            sentence = (
                f"{rule.name} would let people change the approval rules alone: "
                "name what it is about, without approval rules and reviewer groups."
            )
            yield Problem(APPROVAL, rule.id, "kinds", sentence)


def _order_is_clear(document: MailFlow, now: datetime) -> Iterator[Problem]:
    seen: dict[int, str] = {}
    for rule in document.approval_rules:
        if rule.is_enabled and rule.priority in seen:
            sentence = f"{rule.name} has the same priority as {seen[rule.priority]}: which is asked first is the id's."
            yield Problem(APPROVAL, rule.id, "priority", sentence, Severity.WARNING)
        if rule.is_enabled:
            seen.setdefault(rule.priority, rule.name)


RULES = (_groups_are_there, _none_frees_the_rules, _order_is_clear)
