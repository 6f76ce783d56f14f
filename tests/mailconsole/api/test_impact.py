"""The impact of a change over HTTP: a program asks again until the worker is done."""

from __future__ import annotations

import pytest

from mailconsole.changes import recorded
from mailconsole.changes.models import ImpactRun
from mailconsole.changes.services.impact import run_impact
from mailconsole.changes.states import ChangeState
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import create_change
from tests.support.factories import create_reviewer

pytestmark = pytest.mark.django_db


def test_impact__accepted_then_done():
    change, api = create_change(), Api(create_reviewer())
    waiting = api("GET", f"/changes/{change.pk}/impact")
    assert (waiting.status_code, waiting.json()["state"]) == (202, "waiting")
    run_impact(run_id=ImpactRun.objects.get().pk)
    done = api("GET", f"/changes/{change.pk}/impact")
    assert (done.status_code, done.json()["report"]["sample"]) == (200, 0)


def test_impact__other_window__is_replayed_apart_and_only_a_choice_is_taken():
    change, api = create_change(), Api(create_reviewer())
    assert api("GET", f"/changes/{change.pk}/impact?days=30").json()["days"] == 30
    assert api("GET", f"/changes/{change.pk}/impact").json()["days"] == 7
    assert {one.window_days for one in ImpactRun.objects.all()} == {7, 30}
    assert api("GET", f"/changes/{change.pk}/impact?days=365").status_code == 422


def test_impact__change_that_is_no_longer_open__is_refused():
    change = create_change(ChangeState.PUBLISHED)
    answer = Api(create_reviewer())("GET", f"/changes/{change.pk}/impact")
    assert (answer.status_code, answer.json()["type"]) == (409, "urn:mailconsole:problem:wrong-state")


def test_impact__nothing_records__is_refused(monkeypatch):
    monkeypatch.setattr(recorded, "_plugged", {})
    answer = Api(create_reviewer())("GET", f"/changes/{create_change().pk}/impact")
    assert answer.json()["type"] == "urn:mailconsole:problem:nothing-recorded"
