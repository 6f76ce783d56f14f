"""Whether a mail flow rule takes all mail or much of it, and what it does with that. Pure."""

from __future__ import annotations

from transport.config.diff import as_json
from transport.config.objects import MailFlowRule, RuleAction, RuleMode
from transport.config.phrases import join
from transport.config.rule_kinds import TELLING, ActionKind, ValueKind
from transport.config.rule_words import SHORT, SHOWN, action_words
from transport.rules.broad_conditions import MANY, OF_GROUPS, Measure
from transport.rules.header_addresses import FIELDS

_TAKES = (ActionKind.REJECT, ActionKind.DELETE, ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO,
          ActionKind.COPY_TO, ActionKind.ADD_MANAGER, ActionKind.ROUTE, ActionKind.HOLD, ActionKind.NOTIFY_SENDER,
          ActionKind.REQUIRE_TLS, ActionKind.REPORT, ActionKind.NOTIFY_RECIPIENTS)  # fmt: skip
"""Does more than mark a message."""
_BELIEVED = frozenset(name.decode() for name in FIELDS) | {"authentication-results"}
"""Fields by which people answer, or servers judge: who sets them leads mail elsewhere, or past a filter."""


def takes_much(rule: MailFlowRule, measure: Measure) -> str:
    """What the rule does to mail that nothing narrows, or to very many people, as the rest of a sentence."""
    if not rule.is_enabled:
        return ""
    if not all(map(measure.fits_much, rule.conditions)):
        return _reaches_many(rule, measure)
    what = _of_what(rule, measure)
    action = taken(rule)
    if action is not None:
        return f"will {action_words(as_json(action), most=SHORT)}, {what}"
    if rule.stop_rule_processing and rule.mode is RuleMode.ENFORCE:
        return f"keeps the rules after it from being asked, {what}"
    return ""


def taken(rule: MailFlowRule) -> RuleAction | None:
    """The first of its actions that does more than mark a message; None where it has none, or is switched off."""
    return next((one for one in rule.actions if rule.is_enabled and _takes(one) and _is_done(one, rule.mode)), None)


def _of_what(rule: MailFlowRule, measure: Measure) -> str:
    """Whose mail, where groups say it; the number alone of groups whose members may be known."""
    if not rule.conditions:
        return "whatever message it is"
    groups = next((one.values for one in rule.conditions if one.kind in OF_GROUPS and len(one.values) < MANY), ())
    if not groups:
        return "for all mail or a great part of it"
    size = measure.sizes(groups)
    many = f"{size:,} addresses" if size is not None else "how many these are can't be told"
    return f"for mail of {join(groups[:SHOWN])}: {many}"


def _reaches_many(rule: MailFlowRule, measure: Measure) -> str:
    """Whatever it is about, where it sends it to a group of very many."""
    for action in rule.actions:
        if action.kind.spec.values is ValueKind.ADDRESS and _is_done(action, rule.mode):
            size = measure.sizes(action.values)
            if size is not None and size >= MANY:
                return f"will {action_words(as_json(action), most=SHORT)}: {size:,} addresses"
    return ""


def _takes(action: RuleAction) -> bool:
    name = action.header.lower()
    is_believed = name in _BELIEVED or name.startswith("x-ms-exchange-organization-")
    return action.kind in _TAKES or (action.kind is ActionKind.SET_HEADER and is_believed)


def _is_done(action: RuleAction, mode: RuleMode) -> bool:
    return mode is RuleMode.ENFORCE or (mode is RuleMode.AUDIT_AND_NOTIFY and action.kind in TELLING)
