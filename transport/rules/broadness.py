"""What is broad about an object of a change: it reaches everybody, or takes all mail, and needs more eyes. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from transport.config.diff import Json, ObjectChange, as_json
from transport.config.document import LIST_KINDS
from transport.config.objects import MailFlowRule, RelayPolicy, RuleCondition, RuleMode
from transport.config.ranges import parse_range
from transport.config.rule_kinds import ActionKind, ValueKind
from transport.config.rule_words import action_words
from transport.config.validate_policies import BROAD_FROM, BROAD_TOGETHER, broad_networks

_TAKES = (ActionKind.REJECT, ActionKind.DELETE, ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO,
          ActionKind.COPY_TO, ActionKind.ROUTE, ActionKind.HOLD)  # fmt: skip
_FITS_ANYTHING = ("", ".", ".*", ".+", "^", "$", "^.*$", "^.+$", "@")
"""Words and patterns that are in every address, or in everything."""


def broadness(change: ObjectChange) -> str:
    """Why what the change leads to is broad, as the rest of a sentence; empty where it is not."""
    after = change.after
    if after is None:
        return ""
    if change.kind in LIST_KINDS:
        one = parse_range(change.object_id)
        return f"covers the broad network {change.object_id}" if one.size >= BROAD_FROM[one.version] else ""
    if change.kind == "mail_flow_rules":
        return takes_everything(MailFlowRule.model_validate(after))
    if change.kind == "send_connectors":
        return _carries_everything(after)
    if change.kind != "relay_policies":
        return ""
    if after["is_broad_override"]:
        return "says that its broad network is meant"
    broad = broad_networks(RelayPolicy.model_validate(after))
    return f"admits the broad network {', '.join(broad[:3])}" if broad else ""


def broad_together(changes: Iterable[ObjectChange]) -> dict[str, str]:
    """The lists of which a change enters so many networks that together they say *everybody*."""
    sizes: dict[tuple[str, int], int] = {}
    for change in changes:
        if change.kind in LIST_KINDS and change.after is not None:
            one = parse_range(change.object_id)
            sizes[change.kind, one.version] = sizes.get((change.kind, one.version), 0) + one.size
    return {kind: "is one of many networks that are broad together"
            for (kind, version), size in sizes.items() if size >= BROAD_TOGETHER[version]}  # fmt: skip


def _carries_everything(after: Json) -> str:
    is_for_all = any(one["domain"] == "*" for one in after["address_spaces"])
    return "carries mail to every domain that no other carries" if is_for_all and after["is_enabled"] else ""


def takes_everything(rule: MailFlowRule) -> str:
    """What a mail flow rule that nothing narrows does to all mail, where that is more than to mark it."""
    taken = next((one for one in rule.actions if one.kind in _TAKES), None)
    is_acting = rule.is_enabled and rule.mode is RuleMode.ENFORCE
    if taken is None or not is_acting or any(map(_narrows, rule.conditions)):
        return ""
    return f"will {action_words(as_json(taken))}, whatever message it is"


def _narrows(condition: RuleCondition) -> bool:
    """Whether messages are there that it does not fit; what only looks like a condition is none."""
    value = condition.kind.spec.values
    if value is ValueKind.NETWORK:
        ranges = [parse_range(one) for one in condition.values]
        return all(one.size < BROAD_FROM[one.version] for one in ranges)
    if value in (ValueKind.WORD, ValueKind.PATTERN):
        return not set(condition.values) & set(_FITS_ANYTHING)
    return True
