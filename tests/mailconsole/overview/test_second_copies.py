"""Second copies on the nodes page, and how nodes learn of each other."""

from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from mailconsole.nodes.services import register_heartbeat, shadow_nodes
from mailconsole.nodes.snapshots import Live
from mailconsole.overview.second_copies import copy_rows
from mailconsole.tracking.models import Message, MessageRecipient
from tests.support.factories import create_viewer, signed_in
from tests.support.snapshots import node
from tests.support.traffic import Traffic
from transport.model.event import EventId
from transport.model.snapshot import NodeSnapshot, ShadowPeer, ShadowSnapshot

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
LIVE, AWAY = ShadowPeer("transport-2", True), ShadowPeer("transport-2", False, "connection refused")


def row(**said):
    (found,) = copy_rows(Live(True, (node(shadow=ShadowSnapshot(**said)),)), NOW)
    return found.html


def test_snapshot__second_copies__survive_json():
    shown = node(shadow=ShadowSnapshot(peers=(LIVE, AWAY), copied=3))
    assert NodeSnapshot.from_json(shown.to_json()) == shown


def test_protected__says_by_whom():
    html = row(peers=(LIVE,), copied=1234)
    assert "Protected" in html and "kept by transport-2" in html and "1,234" in html


@pytest.mark.parametrize(
    ("is_required", "word", "consequence"),
    [(False, "Unprotected", "accepted without a copy"), (True, "Refusing", "refused (450 4.5.1)")],
)
def test_no_peer__says_why_and_what_happens_to_mail(is_required, word, consequence):
    html = row(peers=(AWAY,), why_unprotected="No other node keeps copies <now>.", is_required=is_required)
    assert word in html and consequence in html and "&lt;now&gt;" in html


def test_off__says_so():
    (found,) = copy_rows(Live(True, (node(),)), NOW)
    assert "Second copies are off" in found.html


@pytest.mark.django_db
def test_page__shows_the_card():
    page = signed_in(create_viewer()).get("/nodes/").content.decode()
    assert "Second copies" in page and 'data-live="second-copies"' in page


@pytest.mark.django_db
def test_shadow_nodes__are_those_that_listen_and_were_heard_of_lately():
    said = {"pid": 1, "host": "a", "started_at": timezone.now(), "revision": 1, "listening": [], "is_accepting": True}
    register_heartbeat(node="on", shadow_address="127.0.0.1:2600", **said)
    register_heartbeat(node="off", **said)
    register_heartbeat(node="gone", shadow_address="c:1", now=timezone.now() - timedelta(days=8), **said)
    assert [one.name for one in shadow_nodes()] == ["on"]


@pytest.mark.django_db
def test_tracking__what_another_node_delivers__is_not_waiting_here():
    traffic = Traffic()
    message_id = traffic.receive("bob@fabrikam.example", shadow="transport-2")
    traffic.add(EventId.SHADOW_DISCARD, message_id=message_id, reason="transport-2 delivers it from its copy.")
    traffic.ingest()
    assert MessageRecipient.objects.get().state == "expanded"
    assert Message.objects.get().finished_at is not None
