"""The audit over the API: what an auditor and a token of the scope audit:read read, and who else is refused."""

from __future__ import annotations

import json

import pytest

from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Scope
from mailconsole.accounts.services import people
from mailconsole.audit import read, services
from mailconsole.audit.chain import ChainCheck, check_copy
from mailconsole.audit.models import AuditEntry
from tests.mailconsole.api.test_api import Api
from tests.support.factories import (
    create_administrator,
    create_auditor,
    create_editor,
    create_person,
    create_viewer,
    signed_in,
)

pytestmark = pytest.mark.django_db
ADDRESSES = ("/audit", "/audit/1", "/audit/export", "/audit/verify", "/audit/forwarding")


@pytest.fixture
def api():
    made = Api(create_auditor(), Scope.AUDIT_READ)
    for number in range(5):
        services.record(
            actor=None,
            action="test.done",
            object_kind="test",
            object_id=str(number),
            summary="Did",
            after={"a": number},
        )
    return made


def numbers(answer):
    return [one["number"] for one in answer.json()["entries"]]


def test_list__goes_on_from_page_to_page_in_both_orders(api):
    last = AuditEntry.objects.latest("number").number
    newest = api("GET", "/audit?limit=4")
    assert numbers(newest) == [last, last - 1, last - 2, last - 3]
    older = api("GET", f"/audit?limit=4&before={newest.json()['next']}")
    assert numbers(older) == [last - 4, last - 5] and older.json()["next"] is None
    followed = api("GET", f"/audit?order=oldest&after={last - 2}")
    assert numbers(followed) == [last - 1, last] and followed.json()["next"] is None


def test_list__narrowed__has_only_that(api):
    assert numbers(api("GET", "/audit?kind=test&object_id=3&action=test.done&actor=system&q=did")) == [
        AuditEntry.objects.get(object_kind="test", object_id="3").number
    ]
    assert numbers(api("GET", "/audit?until=2001-01-01")) == []
    assert api("GET", "/audit?since=never").status_code == 422
    assert api("GET", "/audit?limit=1001").status_code == 422


def test_entry__has_all_that_is_chained(api):
    found = api("GET", f"/audit/{AuditEntry.objects.latest('number').number}").json()
    assert (found["after"], found["actor_name"], len(found["digest"])) == ({"a": 4}, "system", 64)
    assert check_copy([found]).is_whole
    assert api("GET", "/audit/99").status_code == 404


def test_export__is_a_copy_that_can_be_checked(api):
    rows = [json.loads(line) for line in api("GET", "/audit/export").content.decode().splitlines()]
    assert check_copy(rows) == ChainCheck(AuditEntry.objects.count(), "")
    assert api("GET", "/audit/export?format=csv&kind=test").content.decode().count("\n") == 6
    assert api("GET", "/audit/export?format=exe").status_code == 422


def test_export__of_more_than_one_holds__is_refused_and_not_cut(api, monkeypatch):
    monkeypatch.setattr(read, "MAX_ROWS", 4)
    answer = api("GET", "/audit/export")
    assert (answer.status_code, answer.json()["type"]) == (422, "urn:mailconsole:problem:too-many-entries")
    assert api("GET", "/audit/export?kind=test&object_id=1").status_code == 200


def test_verify__whole_and_then_not(api):
    count = AuditEntry.objects.count()
    assert api("GET", "/audit/verify").json() == {"is_whole": True, "checked": count, "problem": ""}
    AuditEntry.objects.filter(number=count).update(reason="other")
    found = api("GET", "/audit/verify").json()
    assert (found["is_whole"], found["checked"]) == (False, count - 1)


@pytest.mark.parametrize("address", ADDRESSES)
@pytest.mark.parametrize("roles", [(Role.VIEWER,), (Role.EDITOR, Role.REVIEWER, Role.OPERATOR)])
def test_every_address__without_the_role__is_refused(address, roles):
    person = create_person(*roles)
    answer = Api(person)("GET", address)
    assert (answer.status_code, "role Auditor" in answer.json()["detail"]) == (403, True)
    assert signed_in(person).get(f"/api/v1{address}").status_code == 403


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address__token_of_an_administrator_with_another_scope__is_refused(address):
    assert Api(create_administrator(), Role.VIEWER)("GET", address).status_code == 403
    assert Api(create_administrator(), Role.EDITOR)("GET", address).status_code == 403


def test_token_of_the_scope_alone__reads_nothing_else_and_changes_nothing(api):
    for address in ("/config", "/changes", "/revisions", "/queues", "/directory/recipients", "/nodes", "/certificates"):
        answer = api("GET", address)
        assert (answer.status_code, "audit:read alone" in answer.json()["detail"]) == (403, True)
    assert api("POST", "/changes", {}).status_code == 403


def test_token_of_the_scope__whose_owner_is_no_auditor_any_more__reads_nothing(api):
    people.edit_person(
        actor=create_administrator(), person=api.token.owner, full_name="A", email="", roles=[Role.VIEWER]
    )
    assert api("GET", "/audit").status_code == 403


def test_auditor__by_role__reads_the_audit_and_every_page_but_acts_on_nothing():
    api = Api(create_auditor(), Role.AUDITOR)
    assert api("GET", "/audit").status_code == 200 and api("GET", "/config").status_code == 200
    assert api("POST", "/changes", {}).status_code == 403


def test_document__describes_the_audit():
    paths = signed_in(create_viewer()).get("/api/v1/openapi.json").json()["paths"]
    said = paths["/api/v1/audit"]["get"]
    assert {one["name"] for one in said["parameters"]} >= {"q", "actor", "since", "after", "before", "order", "limit"}
    assert "/api/v1/audit/verify" in paths and "/api/v1/audit/export" in paths


def test_act_by_a_token__is_told_apart_from_the_persons_own():
    owner = create_editor(username="erin")
    api = Api(owner)
    api("POST", "/changes", {"title": "By a program"})
    signed_in(owner).post("/account/tokens/", {"name": "x", "scopes": ["viewer"], "lifetime": "30"})
    program, person = AuditEntry.objects.get(action="change.opened"), AuditEntry.objects.latest("number")
    assert (program.actor_name, program.via) == ("erin", f"API token test ({api.token.prefix}…)")
    assert (person.action, person.via) == ("token.created", "")
    assert services.verify_chain().is_whole
    assert program.via in signed_in(create_viewer()).get(f"/audit/{program.number}/").content.decode()
    AuditEntry.objects.filter(pk=program.pk).update(via="")
    assert services.verify_chain().problem == f"Entry {program.number} was changed after it was written."
