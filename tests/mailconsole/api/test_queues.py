"""Queues over HTTP: the same previews, orders, hold rules and refusals as on the pages."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from mailconsole.accounts.roles import Role
from mailconsole.audit.models import AuditEntry
from tests.mailconsole.api.test_api import Api
from tests.mailconsole.runtime.conftest import host, node_home
from tests.support.factories import create_administrator, create_operator, create_viewer
from tests.support.nodes import answering_node

__all__ = ["answering_node", "host", "node_home"]
pytestmark = pytest.mark.django_db(transaction=True)
BO = {"recipient": "bo@partner.example"}


@pytest.fixture
def waiting(answering_node):
    answering_node.sink.stop()
    answering_node.send()
    answering_node.send(recipient="cy@partner.example")
    answering_node.until(lambda: answering_node.state() == ["Retry", "Retry"])
    return answering_node


def told(api: Api) -> list[tuple[int, str]]:
    return [(one["message_count"], one["waiting_cause"]) for one in api("GET", "/queues").json()]


def test_queues_and_messages__viewer__reads_why_they_wait(waiting):
    viewer = Api(create_viewer())
    waiting.until(lambda: (2, "next_hop_down") in told(viewer))  # a snapshot tells of what was a moment ago
    found = viewer("GET", "/queues/messages?recipient=bo@partner.example").json()
    assert (found["total"], found["messages"][0]["cause"], found["problems"]) == (1, "next_hop_down", [])


def test_order__previewed__is_carried_out(waiting):
    operator = Api(create_operator())
    seen = operator("POST", "/queues/orders/preview", {"verb": "remove", "filter": BO}).json()
    assert (seen["messages"], seen["sentence"]) == (1, "Remove 1 message to bo@partner.example")
    refused = operator("POST", "/queues/orders", {"token": seen["token"]})
    assert refused.status_code == 422 and refused.json()["type"] == "urn:mailconsole:problem:reason-required"
    done = operator("POST", "/queues/orders", {"token": seen["token"], "reason": "twice", "with_ndr": False}).json()
    assert (done["done"], done["is_finished"], done["sentence"]) == (1, True, "1 message removed.")
    assert len(waiting.state()) == 1 and AuditEntry.objects.get(action="message.remove").reason == "twice"


def test_order__stale_preview__is_a_conflict(db):
    answer = Api(create_operator())("POST", "/queues/orders", {"token": "x", "reason": "y"})
    assert answer.status_code == 409 and answer.json()["type"] == "urn:mailconsole:problem:preview-is-stale"


@pytest.mark.parametrize(
    ("filter", "status"),
    [({"state": "Melted"}, 422), ({"where": "1=1"}, 422), ({"older_than_s": -1}, 422), ({"messages": ["x"]}, 422)],
)
def test_order__filter_that_cannot_be_read__is_refused(db, filter, status):
    answer = Api(create_operator())("POST", "/queues/orders/preview", {"verb": "retry", "filter": filter})
    assert answer.status_code == status


def test_viewer_or_narrow_token__acts__is_refused(db):
    asked = {"verb": "retry", "filter": {}}
    for api in (Api(create_viewer()), Api(create_administrator(), Role.EDITOR)):
        assert api("POST", "/queues/orders/preview", asked).status_code == 403
        assert api("POST", "/holds", {"filter": BO, "reason": "x"}).status_code == 403
        assert api("POST", "/queues/suspend", {"queue": "x"}).status_code == 403
        assert api("GET", "/queues/messages/transport-1/0000000000001/eml").status_code == 403


def test_queue__not_there__is_not_found(live_redis, db):
    answer = Api(create_operator())("POST", "/queues/suspend", {"queue": "SmartHostConnectorDelivery/out/x"})
    assert answer.status_code == 404


def test_preview__no_node__is_unavailable(db):
    answer = Api(create_operator())("POST", "/queues/orders/preview", {"verb": "retry", "filter": {}})
    assert answer.status_code == 503


def test_hold__added_and_lifted(answering_node):
    operator = Api(create_operator())
    end = (timezone.now() + timedelta(hours=4)).isoformat()
    made = operator("POST", "/holds", {"filter": BO, "reason": "phishing", "expires_at": end})
    assert made.status_code == 201 and made.json()["state"] == "in_force"
    answering_node.send()
    assert answering_node.state() == ["Suspended"]
    path = f"/holds/{made.json()['id']}/lift"
    assert operator("POST", path).json()["state"] == "lifted"
    answering_node.sink.wait_for(1)
    assert operator("POST", path).status_code == 422
    assert operator("POST", "/holds/99/lift").status_code == 404
    naive = operator("POST", "/holds", {"filter": BO, "reason": "x", "expires_at": "2030-01-01T00:00:00"})
    assert naive.status_code == 422


def test_export__operator__gets_the_octets(waiting):
    operator = Api(create_operator())
    queue_id = operator("GET", "/queues/messages").json()["messages"][0]["queue_id"]
    answer = operator("GET", f"/queues/messages/transport-1/{queue_id}/eml")
    assert b"Subject: hello" in b"".join(answer) and answer["Content-Type"] == "message/rfc822"
    assert operator("GET", "/queues/messages/transport-1/nonsense/eml").status_code == 422
