"""Rules about mail flow rules: what they name exists, and none stands there that can never do anything."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from transport.config.document import MailFlow
from transport.config.objects import MailFlowRule, RuleCondition, RuleMode
from transport.config.problem import Problem, Severity
from transport.config.rule_kinds import ActionKind, ConditionKind

KIND = "mail_flow_rules"


def in_order(rules: Iterable[MailFlowRule]) -> list[MailFlowRule]:
    """As they are asked: by priority, then by name."""
    return sorted(rules, key=lambda rule: (rule.priority, rule.name.casefold(), rule.id))


def ends(rule: MailFlowRule) -> bool:
    """Whether nothing comes after it for a message that fits; a test ends nothing."""
    is_last = rule.stop_rule_processing or any(action.kind.spec.is_final for action in rule.actions)
    return is_last and rule.mode is RuleMode.ENFORCE


def covers(before: MailFlowRule, after: MailFlowRule) -> bool:
    """Whether every message that fits ``after`` fits ``before``, as far as that is plain to see: each condition of
    ``before`` is one of ``after``'s with the same values or fewer, and its exceptions are ``after``'s too."""
    if _sender_asked(before) and before.sender_address_location is not after.sender_address_location:
        return False
    return all(any(_implies(one, asked) for one in after.conditions) for asked in before.conditions) and all(
        any(_implies(excepted, one) for one in after.exceptions) for excepted in before.exceptions
    )


def _sender_asked(rule: MailFlowRule) -> bool:
    """Whether it matters where the sender is looked for."""
    asked = (*rule.conditions, *rule.exceptions)
    return any(one.kind.spec.group in ("Sender", "Sender and recipient") for one in asked)


def _implies(one: RuleCondition, other: RuleCondition) -> bool:
    """Whether whatever fits ``one`` fits ``other``."""
    is_same = one.kind is other.kind and one.header.lower() == other.header.lower()
    return is_same and {v.lower() for v in one.values} <= {v.lower() for v in other.values}


class _Last:
    """Rules that are the last for what fits them, by a condition of each: few of many could take all of another's."""

    def __init__(self) -> None:
        self._rules: list[MailFlowRule] = []
        self._by_condition: dict[tuple[str, str, str], list[int]] = {}
        self._of_all: list[int] = []

    def add(self, rule: MailFlowRule) -> None:
        place = len(self._rules)
        self._rules.append(rule)
        if not rule.conditions:
            self._of_all.append(place)
            return
        asked = rule.conditions[0]
        for value in {"", *(value.lower() for value in asked.values)}:
            self._by_condition.setdefault((asked.kind, asked.header.lower(), value), []).append(place)

    def near(self, rule: MailFlowRule) -> list[MailFlowRule]:
        """Those whose first condition one of the rule's conditions may imply, in their order."""
        places = set(self._of_all)
        for one in rule.conditions:
            value = one.values[0].lower() if one.values else ""
            places.update(self._by_condition.get((one.kind, one.header.lower(), value), ()))
        return [self._rules[place] for place in sorted(places)]


def why_never(rules: Iterable[MailFlowRule], now: datetime) -> dict[str, str]:
    """By id: why a rule that is enabled can never fit a message, as a sentence."""
    found: dict[str, str] = {}
    before = _Last()
    for rule in in_order(rule for rule in rules if rule.is_enabled):
        why = _expired(rule, now) or _contradicts_itself(rule) or _shadowed(rule, before, now)
        if why:
            found[rule.id] = why
        elif ends(rule):
            before.add(rule)
    return found


def _expired(rule: MailFlowRule, now: datetime) -> str:
    return f"It expired on {rule.expires_at:%Y-%m-%d}." if rule.is_expired(now) else ""


def _contradicts_itself(rule: MailFlowRule) -> str:
    for asked in rule.conditions:
        if any(_implies(asked, excepted) for excepted in rule.exceptions):
            return f"Its exception {asked.kind} takes away all that its condition asks for."
    single = (ConditionKind.SENDER_AUTHENTICATED, ConditionKind.RECEIVE_CONNECTOR, ConditionKind.IMPORTANCE)
    for kind in single:
        asked_of = [set(one.values) for one in rule.conditions if one.kind is kind]
        if asked_of and not set.intersection(*asked_of):
            return f"Its conditions {kind} contradict each other."
    return ""


def _shadowed(rule: MailFlowRule, before: _Last, now: datetime) -> str:
    for other in before.near(rule):
        if other.is_in_force(now) and _lasts_as_long(other, rule) and covers(other, rule):
            return f"{other.name} comes before it, takes every message that would fit it, and is the last for them."
    return ""


def _lasts_as_long(other: MailFlowRule, rule: MailFlowRule) -> bool:
    return other.expires_at is None or (rule.expires_at is not None and rule.expires_at <= other.expires_at)


def _rules_can_fit(document: MailFlow, now: datetime) -> Iterator[Problem]:
    names = {rule.id: rule.name for rule in document.mail_flow_rules}
    for rule_id, why in why_never(document.mail_flow_rules, now).items():
        yield Problem(KIND, rule_id, "conditions", f"{names[rule_id]} can never fit: {why}", Severity.WARNING)


def _connectors_exist(document: MailFlow, now: datetime) -> Iterator[Problem]:
    receive = {one.id for one in document.receive_connectors}
    send = {one.id: one for one in document.send_connectors}
    for rule in document.mail_flow_rules:
        for field, asked in (("conditions", rule.conditions), ("exceptions", rule.exceptions)):
            for value in (v for one in asked if one.kind is ConditionKind.RECEIVE_CONNECTOR for v in one.values):
                if value not in receive:
                    yield Problem(KIND, rule.id, field, f"There is no receive connector {value}: choose another.")
        for value in (v for one in rule.actions if one.kind is ActionKind.ROUTE for v in one.values):
            if value not in send:
                yield Problem(KIND, rule.id, "actions", f"There is no send connector {value}: choose another.")
            elif rule.is_enabled and not send[value].is_enabled:
                sentence = f"The send connector {send[value].name} is disabled: mail that fits {rule.name} would wait."
                yield Problem(KIND, rule.id, "actions", sentence, Severity.WARNING)


def _everything_is_not_refused(document: MailFlow, now: datetime) -> Iterator[Problem]:
    for rule in document.mail_flow_rules:
        if rule.is_in_force(now) and rule.mode is RuleMode.ENFORCE and not rule.conditions:
            final = next((one.kind for one in rule.actions if one.kind.spec.is_final), None)
            if final is not None:
                what = "rejects" if final is ActionKind.REJECT else "deletes"
                but = " that none of its exceptions fits" if rule.exceptions else ""
                sentence = f"{rule.name} has no condition: it {what} every message{but}."
                yield Problem(KIND, rule.id, "conditions", sentence, Severity.WARNING)


RULES = (_rules_can_fit, _connectors_exist, _everything_is_not_refused)
