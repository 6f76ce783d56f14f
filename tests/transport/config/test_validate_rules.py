"""Rules about mail flow rules: what can never fit is told, as far as it is plain to see, and nothing else is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.transport.config.documents import NOW, document
from transport.config import validate_rules
from transport.config.objects import MailFlowRule
from transport.config.problem import Severity
from transport.config.validate import validate

REJECT = [{"kind": "RejectMessage", "text": "no"}]
INVOICE = {"kind": "SubjectContainsWords", "values": ["invoice"]}
BILLS = {"kind": "SubjectContainsWords", "values": ["bill", "Invoice"]}
LARGE = {"kind": "MessageSizeOver", "values": ["10 MB"]}
OUT: dict[str, Any] = {"id": "out", "name": "Out", "address_spaces": [{"domain": "*"}], "is_enabled": False}


def rule(name: str, priority: int = 0, *conditions: dict[str, Any], **fields: Any) -> dict[str, Any]:
    given = {"id": name, "name": name, "priority": priority, "conditions": conditions}
    return given | {"actions": [{"kind": "HoldMessage"}]} | fields


def found(*rules: dict[str, Any], **sections: Any) -> dict[str, str]:
    problems = validate(document(mail_flow_rules=rules, **sections), now=NOW)
    return {f"{one.object_id}.{one.field}": one.sentence for one in problems if one.kind == "mail_flow_rules"}


@pytest.mark.parametrize(
    "before",
    [
        rule("a", 0, INVOICE, stop_rule_processing=True),
        rule("a", 0, BILLS, stop_rule_processing=True),
        rule("a", 0, INVOICE, actions=REJECT),
        rule("a", 0, LARGE, INVOICE, stop_rule_processing=True),
    ],
)
def test_rule__after_one_that_takes_all_of_its_messages__is_told(before: dict[str, Any]) -> None:
    problems = found(before, rule("b", 1, INVOICE, LARGE))
    assert "a comes before it" in problems["b.conditions"]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (rule("a", 0, INVOICE), rule("b", 1, INVOICE)),
        (rule("a", 2, INVOICE, stop_rule_processing=True), rule("b", 1, INVOICE)),
        (rule("a", 0, INVOICE, stop_rule_processing=True, mode="Audit"), rule("b", 1, INVOICE)),
        (rule("a", 0, INVOICE, stop_rule_processing=True, is_enabled=False), rule("b", 1, INVOICE)),
        (rule("a", 0, INVOICE, stop_rule_processing=True, activation_at="2027-01-01T00:00:00Z"), rule("b", 1, INVOICE)),
        (rule("a", 0, INVOICE, stop_rule_processing=True, expires_at="2027-01-01T00:00:00Z"), rule("b", 1, INVOICE)),
        (rule("a", 0, INVOICE, stop_rule_processing=True), rule("b", 1, BILLS)),
        (rule("a", 0, INVOICE, stop_rule_processing=True, exceptions=[LARGE]), rule("b", 1, INVOICE)),
    ],
)
def test_rule__that_may_still_fit__is_not_told(before: dict[str, Any], after: dict[str, Any]) -> None:
    assert found(before, after) == {}


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("SenderDomainIs", "contoso.com"),
        ("SenderManagementRelationship", "Manager"),
        ("ADAttributeEqual", "Department"),
        ("ADAttributeNotEqual", "Department"),
    ],
)
def test_rule__senders_looked_for_in_different_places__does_not_shadow(kind: str, value: str) -> None:
    asked = {"kind": kind, "values": [value]}
    before = rule("a", 0, asked, stop_rule_processing=True, sender_address_location="Envelope")
    assert found(before, rule("b", 1, asked)) == {}
    assert found(before, rule("b", 1, asked, sender_address_location="Envelope"))


def test_rule__exception_that_takes_all_away_or_conditions_that_contradict__is_told() -> None:
    assert "takes away" in found(rule("a", 0, INVOICE, exceptions=[BILLS]))["a.conditions"]
    both = [{"kind": "SenderIsAuthenticated", "values": [one]} for one in ("Yes", "No")]
    assert "contradict" in found(rule("a", 0, *both))["a.conditions"]
    assert "expired" in found(rule("a", 0, INVOICE, expires_at="2020-01-01T00:00:00Z"))["a.conditions"]


def test_rule__connector_that_is_not_there_or_off__is_told() -> None:
    route = [{"kind": "RouteMessageOutboundConnector", "values": ["out"]}]
    came = {"kind": "ReceiveConnectorIs", "values": ["nowhere", "default"]}
    problems = found(rule("a", 0, came, actions=route))
    assert "no receive connector nowhere" in problems["a.conditions"]
    assert "no send connector out" in problems["a.actions"]
    assert "is disabled" in found(rule("a", 0, actions=route), send_connectors=[OUT])["a.actions"]


def test_rule__that_rejects_everything__is_told_as_a_warning() -> None:
    (one,) = [p for p in validate(document(mail_flow_rules=[rule("a", actions=REJECT)]), now=NOW) if p.object_id == "a"]
    assert (one.severity, one.sentence) == (Severity.WARNING, "a has no condition: it rejects every message.")


def test_rules__2000_of_different_words__are_hardly_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    words = [{"kind": "SubjectContainsWords", "values": [f"word {n}"]} for n in range(2000)]
    rules = [rule(f"r{n}", n % 9000, word, stop_rule_processing=True) for n, word in enumerate(words)]
    asked: list[MailFlowRule] = []
    covers = validate_rules.covers

    def counted(one: MailFlowRule, other: MailFlowRule) -> bool:
        asked.append(other)
        return covers(one, other)

    monkeypatch.setattr(validate_rules, "covers", counted)
    again = rule("again", 9001, words[7], LARGE)
    found = validate_rules.why_never(document(mail_flow_rules=[*rules, again]).mail_flow_rules, NOW)
    assert list(found) == ["again"]
    assert "r7 comes before it" in found["again"]
    assert len(asked) == 1
