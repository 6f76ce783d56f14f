"""What objects of the configuration decided is counted once, by day, and shown in their list and on their page."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.tracking.models import ObjectUse
from mailconsole.tracking.services.retention import COUNTERS_DAYS, delete_old
from mailconsole.tracking.services.uses import object_uses
from tests.mailconsole.changes.kit import publish_policy
from tests.support.factories import create_viewer, signed_in
from tests.support.traffic import NOW, Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db

GRANTED = ["relay_policies", "scanners", "Scanners", "yes", "Grants the relay; owner IT."]
NOT_ASKED = ["relay_policies", "partners", "Partners", "no", "127.0.0.2 is not in its networks."]
BLOCKED = ["ip_block_list", "203.0.113.0/24", "203.0.113.0/24", "yes", "The peer's address is blocked by this entry."]
ROUTES = [
    {
        "next_hop": "SmtpRelay:fabrikam.example:internet",
        "recipients": ["bob@fabrikam.example"],
        "considered": [["partner", "Partner", "its address spaces don't cover it"], ["internet", "Internet", ""]],
    }
]
AT = datetime.fromtimestamp(NOW, UTC)
IDS = ["scanners", "partners", "203.0.113.0/24", "default", "internet", "partner"]


def recent(section: str) -> dict[str, int]:
    return {key: use.recent for key, use in object_uses(section, IDS, now=AT).by_id.items()}


def test_ingest__messages_and_refusals__count_for_what_answered_yes():
    traffic = Traffic()
    traffic.receive(trail=[NOT_ASKED, GRANTED], routes=ROUTES)
    traffic.receive(trail=[GRANTED], routes=ROUTES)
    traffic.refuse(trail=[BLOCKED])
    traffic.refuse(trail=[NOT_ASKED])
    traffic.ingest()

    assert recent("relay_policies") == {"scanners": 2}
    assert recent("ip_block_list") == {"203.0.113.0/24": 1}
    assert object_uses("ip_block_list", None, now=AT) == object_uses("ip_block_list", IDS, now=AT)
    assert recent("receive_connectors") == {"default": 2}
    assert recent("send_connectors") == {"internet": 2}


def test_ingest__entry_that_rewrote_a_message__counts_too():
    traffic = Traffic()
    message = traffic.receive()
    traffic.add(EventId.AGENT_INFO, message_id=message, reason="Rewritten.", detail={"rewritten_by": ["seen"]})
    traffic.add(EventId.AGENT_INFO, message_id=message, reason="Odd.", detail={"rewritten_by": [None, 7]})
    traffic.ingest()
    assert object_uses("address_rewriting", ["seen"], now=AT).by_id["seen"].recent == 1


def test_ingest__route_that_tells_why_it_was_chosen__counts_too():
    serves = ["internet", "Internet", "", "It serves the recipient's home server mbx1."]
    traffic = Traffic()
    traffic.receive(routes=[{**ROUTES[0], "considered": [serves]}])
    traffic.ingest()
    assert recent("send_connectors") == {"internet": 1}


def test_ingest__batch_that_comes_again__counts_nothing_twice():
    traffic = Traffic()
    traffic.receive(trail=[GRANTED])
    traffic.ingest()
    told = list(traffic.events)
    traffic.receive(trail=[GRANTED])
    traffic.events = told + traffic.events
    traffic.ingest()
    assert recent("relay_policies") == {"scanners": 2}


def test_object_uses__older_than_30_days__counts_in_all_only():
    traffic = Traffic(at=NOW - timedelta(days=40).total_seconds())
    traffic.receive(trail=[GRANTED])
    traffic.at = NOW
    traffic.receive(trail=[GRANTED])
    traffic.ingest()

    uses = object_uses("relay_policies", IDS, now=AT)
    assert (uses.by_id["scanners"].recent, uses.by_id["scanners"].total) == (1, 2)
    assert uses.by_id["scanners"].last_at == AT
    assert uses.since is not None and uses.since.date() == (AT - timedelta(days=40)).date()


def test_ingest__trail_of_no_shape_of_ours__is_passed_over_and_the_message_stays():
    traffic = Traffic()
    traffic.receive(trail=[["x"], "yes"])
    traffic.receive(trail=[["relay_policies", "y" * 101, "", "yes", ""]])
    assert traffic.ingest() == 2
    assert recent("relay_policies") == {}


def test_delete_old__days_past_their_time__go():
    Traffic().ingest()
    traffic = Traffic()
    traffic.receive(trail=[GRANTED])
    traffic.ingest()
    delete_old(now=AT + timedelta(days=COUNTERS_DAYS + 2))
    assert not ObjectUse.objects.exists()


def test_pages__policy_that_decided_and_one_that_never_did__say_so():
    publish_policy(name="Scanners")
    policy = next(iter(load_document(head_revision()).relay_policies))
    page = reverse("mailflow:relay-policy-show", args=[policy.id])
    traffic = Traffic(at=time.time())
    client = signed_in(create_viewer())
    shown = client.get(page).content.decode()
    assert "Nothing was counted yet." in shown
    traffic.receive(trail=[["relay_policies", policy.id, "Scanners", "yes", ""]])
    traffic.ingest()

    assert 'class="mc-num">1<span' in client.get(reverse("mailflow:relay-policy-list")).content.decode()
    shown = client.get(page).content.decode()
    assert "<dt>Last 30 days</dt><dd>1</dd>" in shown
    ObjectUse.objects.update(object_id="another")
    shown = client.get(page).content.decode()
    assert "it may be needed no more" in shown
