"""Lists and pages of many objects: what is told of objects is worked out once, and only of those that are shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.services.revisions import lock_head, store_revision
from mailconsole.changes.states import Way
from mailconsole.common.pages import PAGE_SIZE
from tests.support.factories import create_viewer, signed_in
from transport.config import validate_rules
from transport.config.document import MailFlow
from transport.rules import coverage

pytestmark = pytest.mark.django_db
POLICIES = [
    {"id": f"p{n}", "name": f"Policy {n:04}", "networks": [f"10.{n // 250}.{n % 250}.0/24"], "owner": "IT",
     "purpose": "Scan"} for n in range(2000)
]  # fmt: skip
RULES = [
    {"id": f"r{n}", "name": f"Rule {n:03}", "priority": n, "stop_rule_processing": True,
     "conditions": [{"kind": "SubjectContainsWords", "values": [f"word {n}"]}], "actions": [{"kind": "HoldMessage"}]}
    for n in range(200)
]  # fmt: skip


def publish(**sections: Any) -> None:
    with transaction.atomic():
        document = MailFlow.model_validate(sections)
        store_revision(head=lock_head(), document=document, way=Way.INITIAL, now=timezone.now())


class Counted:
    """Calls of a function that goes on doing its work."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, place: Any, name: str) -> None:
        self.calls: list[Any] = []
        self._act = getattr(place, name)
        monkeypatch.setattr(place, name, self)

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.calls.append(given)
        return self._act(*given, **named)


def test_list__2000_policies__compares_only_what_could_cover(monkeypatch):
    publish(relay_policies=POLICIES)
    counted = Counted(monkeypatch, coverage, "covers")
    client = signed_in(create_viewer())
    assert "Policy 0049" in client.get(reverse("mailflow:relay-policy-list")).content.decode()
    client.get(reverse("mailflow:relay-policy-show", args=["p1999"]))
    assert len(counted.calls) <= 2 * (PAGE_SIZE + 1)


def test_list__200_rules__asks_once_which_never_fit(monkeypatch):
    publish(mail_flow_rules=[*RULES, RULES[3] | {"id": "last", "name": "Last", "priority": 900}])
    counted = Counted(monkeypatch, validate_rules, "in_order")
    page = signed_in(create_viewer()).get(reverse("mailflow:mail-flow-rule-list") + "?q=Last").content.decode()
    assert "Rule 003 comes before it" in page
    assert len(counted.calls) == 1


def test_list__hits__are_asked_for_of_the_rows_that_are_shown(monkeypatch):
    publish(relay_policies=POLICIES)
    asked = []

    def source(section: str, object_ids: Any, *, now: Any) -> recorded.ObjectUses:
        asked.append(list(object_ids))
        return recorded.ObjectUses(now, {"p50": recorded.Use(7, 4711, now)})

    monkeypatch.setitem(recorded._plugged, "uses", source)
    page = signed_in(create_viewer()).get(reverse("mailflow:relay-policy-list") + "?page=2").content.decode()
    assert asked == [[f"p{n}" for n in range(50, 100)]]
    assert ">7<span" in page
