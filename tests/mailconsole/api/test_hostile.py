"""The change flow against somebody who means harm: what the API is sent never breaks it, and never gets past it."""

from __future__ import annotations

from typing import Any

import pytest

from mailconsole.changes.models import Change, Comment
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.states import ChangeState
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import create_change, policy, publish_policy, reloaded
from tests.support.factories import create_administrator, create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
D, R, A = ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED
ODD = ["a\u0000b", "a\ud800b", "\udfff"]
FAR = ["9999-12-31T23:59:59-14:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z"]
HUGE = 10**30


@pytest.mark.parametrize("text", ODD)
def test_texts__that_no_database_takes__are_a_refusal(text):
    editor, reviewer = create_editor(), Api(create_reviewer())
    change = create_change(R, author=editor)
    path, api = f"/changes/{change.pk}", Api(editor)
    asked: list[tuple[Api, str, str, Any]] = [
        (reviewer, "POST", f"{path}/comments", {"comment": text}),
        (reviewer, "POST", f"{path}/request-changes", {"digest": digest_of(change), "comment": text}),
        (reviewer, "POST", f"{path}/approve", {"digest": text}),
        (api, "POST", "/changes", {"title": text}),
        (api, "PATCH", path, {"title": "x", "reason": text}),
        (api, "POST", f"{path}/items/relay_policies", policy(owner=text)),
        (api, "POST", f"{path}/items/relay_policies", policy(name=text)),
        (api, "POST", f"{path}/withdraw", {"reason": text}),
        (reviewer, "POST", f"{path}/comments", {"comment": "x", "kind": "relay_policies", "object_id": text}),
    ]
    for who, method, to, body in asked:
        answer = who(method, to, body)
        assert answer.status_code == 422 or (text in str(body.get("digest")) and answer.status_code == 409), (to, body)
    assert (Change.objects.count(), Comment.objects.count()) == (1, 0)
    assert reloaded(change).status is R


@pytest.mark.parametrize("at", FAR)
def test_times__at_the_ends_of_the_calendar__are_a_refusal(at):
    editor = create_editor()
    change, api = create_change(A, author=editor), Api(create_administrator())
    path = f"/changes/{change.pk}"
    for to, body in (("schedule", {"at": at, "digest": digest_of(change)}),
                     ("shorten", {"ends_at": at, "reason": "x"}),
                     ("prolong", {"until": at, "reason": "x"})):  # fmt: skip
        assert api("POST", f"{path}/{to}", body).status_code in (409, 422), to
    assert Api(editor)("POST", f"{path}/expire", {"expires_at": at}).status_code == 422
    assert reloaded(change).status is A


def test_numbers__of_many_digits__are_nothing_of_that_name():
    api = Api(create_administrator())
    publish_policy()
    for path in (
        f"/changes/{HUGE}",
        f"/revisions/{HUGE}",
        f"/revisions/2/diff?against={HUGE}",
        f"/config?revision={HUGE}",
    ):
        assert api("GET", path).status_code == 404, path
    assert api("POST", f"/changes/{HUGE}/submit").status_code == 404


def test_items__forged_section_or_id__are_a_refusal():
    editor = create_editor()
    change, api = create_change(D, author=editor), Api(editor)
    path = f"/changes/{change.pk}/items"
    assert api("PUT", f"{path}/nonsense/x", {}).status_code == 404
    assert api("PUT", f"{path}/__class__/x", {}).status_code == 404
    assert api("PUT", f"{path}/relay_policies/{'x' * 300}", policy()).status_code == 404
    assert api("POST", f"{path}/organization", {"name": "x"}).status_code == 422
    assert api("DELETE", f"{path}/organization/organization").status_code == 422
    assert (
        api("PUT", f"{path}/relay_policies/scanners", policy(id="another")).json()["items"][0]["object_id"]
        == "scanners"
    )


def test_document__end_at_the_last_day_of_the_calendar__breaks_no_page(settings):
    settings.TIME_ZONE = "Asia/Tokyo"
    editor = create_editor()
    change = create_change(D, author=editor, expires_at="9999-12-31T23:59:59Z")
    browser = signed_in(editor)
    for page in ("relay-policies/", "relay-policies/show/scanners/", "relay-policies/edit/scanners/"):
        assert browser.get(f"/mail-flow/{page}").status_code == 200, page
    assert browser.get(f"/changes/{change.pk}/").status_code == 200
