"""What pages say of mail flow rules beside their fields: in words, and in their order."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.mailflow.drafts import Seen
from mailconsole.mailflow.fields import capital
from transport.config.diff import Json
from transport.config.objects import MailFlowRule
from transport.config.rule_words import action_words, condition_words
from transport.config.validate_rules import in_order

RULES = "mail_flow_rules"


@dataclass(frozen=True, slots=True)
class RuleTold:
    """A rule as sentences."""

    conditions: list[str]
    exceptions: list[str]
    actions: list[str]


def told(value: Json) -> RuleTold:
    return RuleTold(
        [capital(condition_words(one)) for one in value["conditions"]],
        [capital(condition_words(one)) for one in value["exceptions"]],
        [capital(action_words(one)) for one in value["actions"]],
    )


def next_place(seen: Seen) -> int:
    """Where a new rule stands: after all others."""
    return min(9999, max((rule.priority + 1 for rule in seen.document.mail_flow_rules), default=0))


def moved(rules: tuple[MailFlowRule, ...], rule_id: str, *, is_up: bool) -> dict[str, int]:
    """The priorities that differ once the rule changed places with its neighbour, by id; none where it has none."""
    order = [rule.id for rule in in_order(rules)]
    at = order.index(rule_id)
    other = at - 1 if is_up else at + 1
    if not 0 <= other < len(order):
        return {}
    order[at], order[other] = order[other], order[at]
    before = {rule.id: rule.priority for rule in rules}
    return {one: place for place, one in enumerate(order) if before[one] != place}
