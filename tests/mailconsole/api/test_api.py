"""The API: the same services and refusals, by token or session."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
import yaml
from django.test import Client
from django.utils import timezone

from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.tokens import create_token, revoke_token
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.models import Node
from tests.mailconsole.changes.kit import create_change, policy, publish_policy, reloaded
from tests.support.factories import (
    create_administrator,
    create_editor,
    create_person,
    create_reviewer,
    create_viewer,
    signed_in,
)

pytestmark = pytest.mark.django_db
ROOT = "/api/v1"


class Api:
    """A program with a token of this person, for these scopes (default: all roles that the person has)."""

    def __init__(self, person, *scopes: Role, expires_at=None):
        wanted = scopes or [Role(name) for name in person.role_names]
        made = create_token(owner=person, name="test", scopes=wanted, now=timezone.now(), expires_at=expires_at)
        self.token = made.token
        self.client = Client(headers={"Authorization": f"Bearer {made.text}"})

    def __call__(self, method: str, path: str, body=None):
        data = body if isinstance(body, str) else json.dumps(body or {})
        return self.client.generic(method, ROOT + path, data, content_type="application/json")


def test_life_of_a_change__by_tokens_of_two_people():
    editor, reviewer = Api(create_editor()), Api(create_reviewer())
    made = editor("POST", "/changes", {"title": "Scanners", "reason": "New floor"})
    assert made.status_code == 201
    path = f"/changes/{made.json()['id']}"
    assert editor("POST", f"{path}/items/relay_policies", policy()).status_code == 201
    assert editor("POST", f"{path}/submit").json()["state"] == "in_review"
    plan = reviewer("GET", f"{path}/plan").json()
    assert plan["sentences"][0].startswith("Relay policy *Scanners* is new")
    assert reviewer("POST", f"{path}/comments", {"comment": "Fine"}).status_code == 201
    assert reviewer("POST", f"{path}/approve", {"digest": plan["digest"]}).json()["state"] == "approved"
    published = reviewer("POST", f"{path}/publish", {"digest": plan["digest"]})
    assert published.json()["number"] == 2
    assert reviewer("GET", "/config").json()["relay_policies"][0]["name"] == "Scanners"


@pytest.mark.parametrize("roles", [(Role.EDITOR, Role.REVIEWER), (Role.ADMINISTRATOR,)])
def test_approve__own_change__is_forbidden(roles):
    author = create_person(*roles)
    change = create_change(ChangeState.IN_REVIEW, author=author)
    answer = Api(author)("POST", f"/changes/{change.pk}/approve", {"digest": digest_of(change)})
    assert answer.status_code == 403
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:mailconsole:problem:cannot-approve-own-change"
    assert reloaded(change).status is ChangeState.IN_REVIEW


def test_scope__token_without_the_role__can_less_than_its_owner():
    owner = create_person(Role.EDITOR, Role.REVIEWER)
    change = create_change(ChangeState.IN_REVIEW)
    api = Api(owner, Role.VIEWER)
    assert api("GET", f"/changes/{change.pk}").status_code == 200
    assert api("POST", f"/changes/{change.pk}/approve", {"digest": digest_of(change)}).status_code == 403
    assert api("POST", "/changes", {}).status_code == 403


SEEN, AT = {"digest": "x"}, "2099-01-01T00:00:00Z"
REVIEWERS = [("approve", SEEN), ("request-changes", SEEN | {"comment": "x"}), ("publish", {}),
             ("schedule", SEEN | {"at": AT}), ("cancel-schedule", {}), ("break-glass", {"reason": "x"}),
             ("review-afterwards", {"comment": "x"})]  # fmt: skip
EDITORS = [("submit", {}), ("publish-freely", {}), ("take-back", {}), ("take-over", {"reason": "x"}), ("withdraw", {}),
           ("bring-up-to-date", {}), ("expire", {"expires_at": AT}), ("prolong", {"until": AT, "reason": "x"}),
           ("shorten", {"ends_at": AT, "reason": "x"}), ("discard/relay_policies/x", {}),
           ("comments", {"comment": "x"}), ("items/relay_policies", policy())]  # fmt: skip


@pytest.mark.parametrize(("verb", "body"), [*REVIEWERS, *EDITORS])
def test_scope__of_an_administrators_token__holds_at_every_verb_of_a_change(verb, body):
    owner = create_administrator()
    change = create_change(ChangeState.APPROVED, author=owner)
    scopes = [Role.VIEWER] if (verb, body) in EDITORS else [Role.VIEWER, Role.EDITOR]
    for scope in scopes:
        answer = Api(owner, scope)("POST", f"/changes/{change.pk}/{verb}", body)
        assert answer.status_code == 403, answer.content
    assert reloaded(change).status is ChangeState.APPROVED


def test_token__unknown_expired_or_revoked__is_unauthorized():
    owner = create_viewer()
    expired = Api(owner, expires_at=timezone.now() - timedelta(seconds=1))
    revoked = Api(owner)
    revoke_token(actor=owner, token=revoked.token, now=timezone.now())
    unknown = Client(headers={"Authorization": "Bearer mc_nonsense"})
    for answer in (expired("GET", "/config"), revoked("GET", "/config"), unknown.get(f"{ROOT}/config")):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert Client().get(f"{ROOT}/config").status_code == 401


def test_session__needs_a_csrf_token_to_write():
    author = create_editor()
    browser = signed_in(author)
    browser.handler.enforce_csrf_checks = True
    assert browser.get(f"{ROOT}/config").status_code == 200
    body = json.dumps({"title": "Forged"})
    assert browser.post(f"{ROOT}/changes", body, content_type="application/json").status_code == 403
    assert Change.objects.count() == 0


def test_session__one_time_password__is_forbidden():
    assert signed_in(create_viewer(must_change_password=True)).get(f"{ROOT}/config").status_code == 403


def test_person_without_a_role__is_forbidden():
    assert signed_in(create_person()).get(f"{ROOT}/config").status_code == 403


@pytest.mark.parametrize("act", ["submit", "approve", "request-changes", "publish", "withdraw", "break-glass"])
def test_act__viewer__is_forbidden_and_get_is_not_allowed(act):
    change = create_change(ChangeState.IN_REVIEW)
    api = Api(create_viewer())
    body = {"digest": digest_of(change)} if act in ("approve", "request-changes", "publish") else {}
    assert api("POST", f"/changes/{change.pk}/{act}", body).status_code == 403
    assert api("GET", f"/changes/{change.pk}/{act}").status_code == 405
    assert reloaded(change).status is ChangeState.IN_REVIEW


def test_act__stale_digest_or_wrong_state__is_a_conflict():
    reviewer = Api(create_reviewer())
    change = create_change(ChangeState.IN_REVIEW)
    stale = reviewer("POST", f"/changes/{change.pk}/approve", {"digest": "0" * 64})
    assert (stale.status_code, stale.json()["title"]) == (409, "Digest moved")
    early = reviewer("POST", f"/changes/{change.pk}/publish")
    assert (early.status_code, early.json()["title"]) == (409, "Wrong state")


def test_items__bad_value__names_the_field():
    author = create_editor()
    change = create_change(author=author)
    api = Api(author)
    answer = api("PUT", f"/changes/{change.pk}/items/relay_policies/scanners", policy(networks=["10.0.0.1/8"]))
    assert answer.status_code == 422
    assert answer.json()["errors"] == {"networks": ["'10.0.0.1/8' has host bits set; did you mean 10.0.0.0/8?"]}
    assert api("PUT", f"/changes/{change.pk}/items/relay_policies/nobody", policy()).status_code == 404


def test_items__network_with_a_slash__is_found_by_its_path():
    author = create_editor()
    change = create_change(author=author)
    api = Api(author)
    assert api("POST", f"/changes/{change.pk}/items/ip_block_list", {"network": "192.0.2.0/24"}).status_code == 201
    gone = api("DELETE", f"/changes/{change.pk}/items/ip_block_list/192.0.2.0/24")
    assert [item["kind"] for item in gone.json()["items"]] == ["relay_policies"]


def test_document__yaml_and_json__become_items():
    author = create_editor()
    api = Api(author)
    made = api("POST", "/changes", {"document": {"relay_policies": [policy()]}})
    assert [item["object_id"] for item in made.json()["items"]] == ["scanners"]
    put = api("PUT", f"/changes/{made.json()['id']}/document", "ip_block_list:\n- network: 192.0.2.1\n")
    assert [item["object_id"] for item in put.json()["items"]] == ["192.0.2.1"]
    bad = api("PUT", f"/changes/{made.json()['id']}/document", "ip_blok_list: []\n")
    assert bad.status_code == 422
    assert bad.json()["problems"][0]["line"] == 1
    assert api("POST", "/changes", {"document": {"nonsense": 1}}).status_code == 422
    assert Change.objects.count() == 1


def test_config__yaml_schema_and_validate():
    publish_policy()
    api = Api(create_viewer())
    assert yaml.safe_load(api("GET", "/config/yaml").content)["relay_policies"][0]["id"] == "scanners"
    assert api("GET", "/config/yaml?revision=9").status_code == 404
    assert api("GET", "/config/schema").json()["title"] == "MailFlow"
    said = api("POST", "/config/validate", yaml.safe_dump({"relay_policies": [policy(networks=["0.0.0.0/0"])]}))
    assert "open relay" in said.json()["problems"][0]["sentence"]


def test_conflict__is_told_by_field():
    publish_policy()
    author = create_editor()
    api = Api(author)
    pk = api("POST", "/changes", {}).json()["id"]
    api("PUT", f"/changes/{pk}/items/relay_policies/scanners", policy(owner="IT"))
    publish_policy("scanners", owner="Print room")
    answer = api("POST", f"/changes/{pk}/submit")
    assert answer.status_code == 409
    assert answer.json()["conflicts"][0]["field"] == "owner"


def test_revisions_and_nodes__are_listed_and_restored():
    publish_policy()
    Node.objects.create(name="transport-1", heartbeat_at=timezone.now(), running_revision=2)
    api = Api(create_administrator())
    assert [one["number"] for one in api("GET", "/revisions").json()] == [2, 1]
    assert api("GET", "/revisions/1").json()["way"] == "initial"
    assert api("POST", "/revisions/1/restore").json()["title"] == "Restore revision 1"
    (node,) = api("GET", "/nodes").json()
    assert (node["name"], node["running_revision"], node["is_lost"]) == ("transport-1", 2, False)


def test_unknown_key_or_missing__is_a_problem():
    api = Api(create_editor())
    answer = api("POST", "/changes", {"titel": "x"})
    assert (answer.status_code, answer.headers["Content-Type"]) == (422, "application/problem+json")
    assert api("GET", "/changes/99").status_code == 404
    assert api("GET", "/openapi.json").status_code == 200


DOCUMENT = "relay_policies:\n- {name: Scanners, networks: [10.1.0.0/16], owner: IT, purpose: Scan}\n"


def test_apply__document__is_a_change_that_waits_and_is_made_once():
    api = Api(create_editor())
    made = api("POST", "/config/apply?title=Merge%2017&ticket=abc", DOCUMENT)
    assert (made.status_code, made.json()["outcome"]) == (201, "submitted")
    change = made.json()["change"]
    assert (change["state"], change["title"], change["ticket"]) == ("in_review", "Merge 17", "abc")
    again = api("POST", "/config/apply?title=Merge%2018", DOCUMENT)
    assert (again.status_code, again.json()["outcome"]) == (200, "waits_already")
    moved = api("POST", f"/config/apply?change={change['id']}", DOCUMENT.replace("IT", "Ops"))
    assert (moved.status_code, moved.json()["change"]["title"]) == (200, "Merge 17")
    assert moved.json()["change"]["digest"] != change["digest"]
    assert Change.objects.count() == 1
    assert api("POST", "/config/apply", "relay_policies: []").json() == {"outcome": "unchanged", "change": None}


def test_apply__refused__leaves_no_draft_behind():
    for person, body, status in ((create_viewer(), DOCUMENT, 403),
                                 (create_editor(), DOCUMENT.replace("10.1.0.0/16", "0.0.0.0/0"), 422),
                                 (create_editor(), DOCUMENT.replace("networks", "networkz"), 422)):  # fmt: skip
        assert Api(person)("POST", "/config/apply", body).status_code == status
    assert Change.objects.count() == 0
    change = create_change()
    assert Api(create_editor())("POST", f"/config/apply?change={change.pk}", DOCUMENT).status_code == 403
    assert Api(create_editor())("POST", "/config/apply?change=4711", DOCUMENT).status_code == 404


def test_plan__must_apply__is_an_error_where_it_could_not_be():
    api, wrong = Api(create_viewer()), DOCUMENT.replace("10.1.0.0/16", "0.0.0.0/0")
    assert api("POST", "/config/plan", wrong).json()["is_applicable"] is False
    answer = api("POST", "/config/plan?must_apply=true", wrong)
    assert answer.status_code == 422 and "so broad" in answer.json()["detail"]
    assert api("POST", "/config/plan?must_apply=true", DOCUMENT).status_code == 200
