"""Lists and pages of many objects: what is told of objects is worked out once, and only of those that are shown."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from mailconsole.changes import recorded
from mailconsole.changes.models import Change
from mailconsole.changes.services.revisions import lock_head, store_revision
from mailconsole.changes.states import Way
from mailconsole.common.pages import PAGE_SIZE
from mailconsole.mailflow import told
from mailconsole.mailflow.views import lists
from tests.support.factories import create_editor, create_viewer, signed_in
from transport.config import diff, validate_rewriting, validate_rules
from transport.config.document import MailFlow
from transport.config.validate import validate
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


def test_validate__2000_rewrite_entries__compares_only_what_could_cover(monkeypatch):
    entries = [{"id": f"e{n}", "name": f"E {n}", "internal_address": f"i{n}.corp.local",
                "external_address": f"o{n}.example", "is_outbound_only": True} for n in range(2000)]  # fmt: skip
    twice = {"id": "z", "name": "Twice", "internal_address": "*.example", "external_address": "o.invalid",
             "is_outbound_only": True}  # fmt: skip
    counted = Counted(monkeypatch, validate_rewriting, "_covers")
    document = MailFlow.model_validate({"address_rewriting": [*entries, twice]})
    found = [one for one in validate(document, now=timezone.now()) if "is itself rewritten, by Twice" in one.sentence]
    assert len(found) == 2000
    assert len(counted.calls) <= 2 * 2000


def test_change__2000_problems__are_each_told_without_reading_the_section_anew(monkeypatch):
    over = "2020-01-01T00:00:00Z"
    publish(relay_policies=[policy | {"expires_at": over} for policy in POLICIES])
    editor = create_editor()
    client = signed_in(editor)
    client.post(reverse("mailflow:ip-block-entry-create"), {"network": "192.0.2.1"})
    counted = Counted(monkeypatch, diff, "identity")
    page = client.get(reverse("changes:detail", args=[Change.objects.get(author=editor).pk])).content.decode()
    assert "Policy 1999 expired on 2020-01-01" in page
    assert len(counted.calls) < 200_000


@pytest.mark.parametrize("sort", ["state", "-state", "hits", "-hits"])
def test_list__in_an_order_that_is_told_beside__makes_rows_of_what_it_shows_and_binds_no_more_ids(monkeypatch, sort):
    publish(relay_policies=POLICIES)
    made, ended = Counted(monkeypatch, lists, "_row"), Counted(monkeypatch, told, "ending")
    asked = Counted(monkeypatch, recorded, "uses")
    page = signed_in(create_viewer()).get(reverse("mailflow:relay-policy-list"), {"sort": sort, "page": "3"})
    assert page.status_code == 200
    assert len(made.calls) == PAGE_SIZE
    assert [len(ids) for _, ids in ended.calls] == [PAGE_SIZE]
    assert [len(ids) for _, ids in asked.calls if ids is not None] == [PAGE_SIZE]
