"""Whether a mail flow rule takes all mail or much of it, and what it does with that. Pure."""

from __future__ import annotations

from transport.config.diff import as_json
from transport.config.objects import MailFlowRule, RuleAction, RuleCondition, RuleMode
from transport.config.ranges import parse_range
from transport.config.rule_kinds import PATTERNS, TELLING, WORDS, ActionKind, ConditionKind, ValueKind
from transport.config.rule_words import action_words
from transport.config.types import parse_size
from transport.config.validate_policies import BROAD_FROM
from transport.rules.pattern_match import Pattern, Steps, Words

_TAKES = (ActionKind.REJECT, ActionKind.DELETE, ActionKind.REDIRECT, ActionKind.BLIND_COPY, ActionKind.ADD_TO,
          ActionKind.COPY_TO, ActionKind.ROUTE, ActionKind.HOLD, ActionKind.NOTIFY_SENDER,
          ActionKind.REQUIRE_TLS, ActionKind.REPORT)  # fmt: skip
"""Does more than mark a message."""
_HALVES = (ConditionKind.FROM_SCOPE, ConditionKind.SENT_TO_SCOPE, ConditionKind.SENDER_AUTHENTICATED,
           ConditionKind.RECEIVE_CONNECTOR)  # fmt: skip
"""Divide all mail into few streams: one of them is much."""
_ADDRESSES = (ConditionKind.FROM_ADDRESS_WORDS, ConditionKind.FROM_ADDRESS_PATTERNS, ConditionKind.RECIPIENT_WORDS,
              ConditionKind.RECIPIENT_PATTERNS)  # fmt: skip
_FITS_ANYTHING = ("", ".", ".*", ".+", "^", "$", "^.*$", "^.+$", "@")
"""Words and patterns that are in every address, or in everything."""
_ODD_TEXTS = ("zq7 x", "17")
_ODD_ADDRESSES = ("zq7@wv.zz", "17@kx.dk")
"""What has nothing in common: whoever fits both asks for nothing."""
_SMALL = 4096
_STEPS = 100_000


def takes_much(rule: MailFlowRule, own: frozenset[str]) -> str:
    """What the rule does to mail that nothing narrows, as the rest of a sentence; ``own`` are the accepted domains."""
    if not rule.is_enabled or any(_narrows(one, own) for one in rule.conditions):
        return ""
    what = "whatever message it is" if not rule.conditions else "for all mail or a great part of it"
    taken = next((one for one in rule.actions if one.kind in _TAKES and _is_done(one, rule.mode)), None)
    if taken is not None:
        return f"will {action_words(as_json(taken))}, {what}"
    if rule.stop_rule_processing and rule.mode is RuleMode.ENFORCE:
        return f"keeps the rules after it from being asked, {what}"
    return ""


def _is_done(action: RuleAction, mode: RuleMode) -> bool:
    return mode is RuleMode.ENFORCE or (mode is RuleMode.AUDIT_AND_NOTIFY and action.kind in TELLING)


def _narrows(condition: RuleCondition, own: frozenset[str]) -> bool:
    """Whether it fits little of the mail; what only looks like a condition, or names a domain of ours, does not."""
    kind, values = condition.kind, condition.values
    if kind in _HALVES:
        return False
    if kind is ConditionKind.IMPORTANCE:
        return "Normal" not in values
    takes = kind.spec.values
    if takes is ValueKind.NETWORK:
        ranges = [parse_range(one) for one in values]
        return all(one.size < BROAD_FROM[one.version] for one in ranges)
    if kind is ConditionKind.MESSAGE_SIZE:
        return all(parse_size(one) >= _SMALL for one in values)
    if takes is ValueKind.DOMAIN:
        return not any(_is_ours(one.lower(), own) for one in values)
    if takes in (ValueKind.ATTRIBUTE_WORD, ValueKind.ATTRIBUTE_PATTERN):
        return not any(_fits_much(kind, one.partition(":")[2], own) for one in values)
    if takes in WORDS | PATTERNS:
        return not any(_fits_much(kind, one, own) for one in values)
    return True


def _is_ours(domain: str, own: frozenset[str]) -> bool:
    """One of ours, or what is above one of ours, or all of a top-level domain."""
    return "." not in domain or any(one == domain or one.endswith(f".{domain}") for one in own)


def _fits_much(kind: ConditionKind, value: str, own: frozenset[str]) -> bool:
    if value in _FITS_ANYTHING:
        return True
    if kind not in _ADDRESSES:
        return all(_is_in(kind, value, text) for text in _ODD_TEXTS)
    return all(_is_in(kind, value, text) for text in _ODD_ADDRESSES) or any(
        _is_in(kind, value, f"zq7x@{domain}") for domain in own
    )


def _is_in(kind: ConditionKind, value: str, text: str) -> bool:
    if kind.spec.values in WORDS:
        return bool(Words((value,)).find(text))
    return Pattern(value).is_in(text, Steps(_STEPS))
