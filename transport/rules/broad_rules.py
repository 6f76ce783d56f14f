"""Whether a mail flow rule takes all mail or much of it, and what it does with that. Pure."""

from __future__ import annotations

from transport.config.diff import as_json
from transport.config.objects import MailFlowRule, RuleAction, RuleMode
from transport.config.rule_kinds import TELLING, ActionKind
from transport.config.rule_words import SHORT, action_words
from transport.rules.broad_conditions import fits_much
from transport.rules.broad_domains import Own
from transport.rules.header_addresses import FIELDS

_TAKES = (ActionKind.REJECT, ActionKind.DELETE, ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO,
          ActionKind.COPY_TO, ActionKind.ADD_MANAGER, ActionKind.ROUTE, ActionKind.HOLD, ActionKind.NOTIFY_SENDER,
          ActionKind.REQUIRE_TLS, ActionKind.REPORT, ActionKind.NOTIFY_RECIPIENTS)  # fmt: skip
"""Does more than mark a message."""
_BELIEVED = frozenset(name.decode() for name in FIELDS) | {"authentication-results"}
"""Fields by which people answer, or servers judge: who sets them leads mail elsewhere, or past a filter."""


def takes_much(rule: MailFlowRule, own: Own) -> str:
    """What the rule does to mail that nothing narrows, as the rest of a sentence; ``own`` are the accepted domains."""
    if not rule.is_enabled or not all(fits_much(one, own) for one in rule.conditions):
        return ""
    what = "whatever message it is" if not rule.conditions else "for all mail or a great part of it"
    taken = next((one for one in rule.actions if _takes(one) and _is_done(one, rule.mode)), None)
    if taken is not None:
        return f"will {action_words(as_json(taken), most=SHORT)}, {what}"
    if rule.stop_rule_processing and rule.mode is RuleMode.ENFORCE:
        return f"keeps the rules after it from being asked, {what}"
    return ""


def _takes(action: RuleAction) -> bool:
    name = action.header.lower()
    is_believed = name in _BELIEVED or name.startswith("x-ms-exchange-organization-")
    return action.kind in _TAKES or (action.kind is ActionKind.SET_HEADER and is_believed)


def _is_done(action: RuleAction, mode: RuleMode) -> bool:
    return mode is RuleMode.ENFORCE or (mode is RuleMode.AUDIT_AND_NOTIFY and action.kind in TELLING)
