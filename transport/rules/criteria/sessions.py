"""Conditions about how a message came: from where, by whom, by which connector."""

from __future__ import annotations

from collections.abc import Callable

from transport.config.objects import RuleCondition
from transport.config.rule_kinds import ConditionKind
from transport.rules.criteria.question import Around, Test
from transport.rules.networks import NetworkIndex
from transport.rules.rule_facts import RuleFacts


def _client_address(condition: RuleCondition) -> Test:
    index = NetworkIndex((value, value) for value in condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        peer = facts.session.peer if facts.session is not None else ""
        found = index.find_all(peer) if peer else []
        return f"{peer} is in {found[0]}" if found else ""

    return test


def _signed_in(condition: RuleCondition) -> Test:
    wanted = {value == "Yes" for value in condition.values}

    def test(facts: RuleFacts, around: Around) -> str:
        identity = facts.session.identity if facts.session is not None else ""
        if bool(identity) not in wanted:
            return ""
        return f"{identity} signed in" if identity else "nobody signed in"

    return test


def _receive_connector(condition: RuleCondition) -> Test:
    wanted = frozenset(condition.values)

    def test(facts: RuleFacts, around: Around) -> str:
        connector_id = facts.session.connector_id if facts.session is not None else ""
        return f"it came by {connector_id}" if connector_id in wanted else ""

    return test


OF_SESSION: dict[ConditionKind, Callable[[RuleCondition], Test]] = {
    ConditionKind.SENDER_IP: _client_address,
    ConditionKind.SENDER_AUTHENTICATED: _signed_in,
    ConditionKind.RECEIVE_CONNECTOR: _receive_connector,
}
