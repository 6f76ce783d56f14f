"""Explain and plan over HTTP, for programs that ask before they change anything."""

from __future__ import annotations

import pytest

from mailconsole.changes.models import Change
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.support.factories import create_viewer

pytestmark = pytest.mark.django_db
ASKED = {"peer": "10.1.2.3", "sender": "scan@contoso.com", "recipient": "bob@partner.example"}


def test_explain__under_a_change__answers_as_if_it_were_published():
    change, api = create_change(), Api(create_viewer())
    now, then = api("POST", "/explain", ASKED), api("POST", "/explain", ASKED | {"under": f"c{change.pk}"})
    assert (now.json()["action"], now.json()["reply"]) == ("refuse", "550 5.7.1 Unable to relay")
    assert (then.json()["action"], then.json()["trail"][-1][:2]) == ("accept", ["relay_policies", "scanners"])


@pytest.mark.parametrize(
    ("said", "status", "problem"),
    [
        ({"under": "r99"}, 404, "no-such-ground"),
        ({"under": "c99"}, 404, "no-such-ground"),
        ({"under": "<x>"}, 404, "no-such-ground"),
        ({"recipient": "nobody"}, 422, "not-an-address"),
        ({"peer": "here"}, 422, "bad-request"),
        ({"certificate": "abc"}, 422, "bad-request"),
        ({"unknown": 1}, 422, "bad-request"),
    ],
)
def test_explain__what_cant_be_asked__is_refused(said, status, problem):
    answer = Api(create_viewer())("POST", "/explain", ASKED | said)
    assert (answer.status_code, answer.json()["type"]) == (status, f"urn:mailconsole:problem:{problem}")


def test_plan_of_a_document__says_it_in_words_and_stores_nothing():
    publish_policy()
    text = "relay_policies: []\n"
    answer = Api(create_viewer())("POST", "/config/plan", text).json()
    assert answer["sentences"][0].startswith("Relay policy *Scanners* is deleted") and answer["is_applicable"]
    assert Change.objects.count() == 1


def test_plan_of_a_document__that_cant_be_read__is_refused_with_its_line():
    answer = Api(create_viewer())("POST", "/config/plan", "relay_policies: [{name: X, networks: [here]}]\n")
    assert (answer.status_code, answer.json()["problems"][0]["line"]) == (422, 1)
