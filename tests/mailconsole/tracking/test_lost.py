"""Messages whose node is gone: handed over, or lost with it; never queued for ever."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from mailconsole.accounts.access import RoleRequired
from mailconsole.audit.models import AuditEntry
from mailconsole.nodes import removal
from mailconsole.nodes.models import Node
from mailconsole.nodes.services import known_nodes, register_heartbeat
from mailconsole.tracking.models import Message
from mailconsole.tracking.services.lost import mark_all_lost
from mailconsole.tracking.states import MessageStatus, RecipientState
from tests.support.factories import create_administrator, create_editor, create_viewer, signed_in
from tests.support.traffic import Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db


@pytest.fixture
def traffic():
    """A node that holds one message, and is not heard for two hours."""
    made = Traffic(node="first")
    message_id = made.receive()
    made.send(made.receive())
    made.route(message_id)
    made.defer(message_id)
    made.ingest()
    Node.objects.filter(name="first").update(heartbeat_at=timezone.now() - timedelta(hours=2))
    return made


def waiting() -> Message:
    return Message.objects.get(node__name="first", spool_id=1 << 40)


def taken_over(message_id: int, **detail: object) -> Traffic:
    peer = Traffic(node="second", first_message_id=message_id)
    peer.receive(from_node="first")
    peer.add(EventId.SHADOW_REDIRECT, message_id=message_id, detail={"from_node": "first", **detail})
    peer.send(message_id)
    peer.ingest()
    return peer


@pytest.mark.parametrize(("here", "detail"), [(1 << 40, {}), (1 << 41, {"from_id": 1 << 40})])
def test_handed_over__row_says_so_and_shows_the_fate(traffic, here, detail):
    taken_over(here, **detail)
    message = waiting()
    assert message.status == MessageStatus.HANDED_OVER and message.finished_at is not None
    assert {one.state for one in message.recipients.all()} == {RecipientState.EXPANDED}
    if here == message.spool_id:
        address = reverse("tracking:message", args=["first", message.queue_id])
        page = signed_in(create_viewer()).get(address).content.decode()
        assert "On second</a>" in page and "Every recipient was delivered to the next hop" in page
        assert "every 2s" not in page[page.index('id="message"') :]


def test_remove__node_gone_for_long__its_open_messages_are_lost(traffic):
    node, admin = Node.objects.get(name="first"), create_administrator()
    lost = removal.remove_node(node=node, actor=admin, reason="its disk burnt", now=timezone.now())
    assert lost == 1 and waiting().status == MessageStatus.LOST
    recipient = waiting().recipients.get()
    assert recipient.state == RecipientState.LOST and "The node first was removed" in recipient.last_reason
    assert Message.objects.filter(status=MessageStatus.DELIVERED).count() == 1
    entry = AuditEntry.objects.get(action="node.remove")
    assert entry.reason == "its disk burnt" and "1 messages" in entry.summary
    assert "first" not in [one.name for one in known_nodes()] and mark_all_lost() == 0


def test_remove__what_another_delivers__is_not_lost(traffic):
    taken_over(1 << 40)
    node = Node.objects.get(name="first")
    assert not removal.remove_node(node=node, actor=create_administrator(), reason="gone", now=timezone.now())
    assert waiting().status == MessageStatus.HANDED_OVER


def test_remove__refused(traffic):
    node, admin, now = Node.objects.get(name="first"), create_administrator(), timezone.now()
    with pytest.raises(RoleRequired):
        removal.remove_node(node=node, actor=create_editor(), reason="x", now=now)
    with pytest.raises(removal.ReasonRequired):
        removal.remove_node(node=node, actor=admin, reason=" ", now=now)
    with pytest.raises(removal.NodeIsThere):
        removal.remove_node(node=node, actor=admin, reason="x", now=now - timedelta(hours=2))
    Node.objects.update(heartbeat_at=now)
    with pytest.raises(removal.NodeIsThere, match="has just reported"):
        removal.remove_node(node=node, actor=admin, reason="x", now=now)
    assert waiting().status == MessageStatus.DEFERRED


def test_removed__that_reports_again__is_back_and_tells_what_became_of_it(traffic):
    node, now = Node.objects.get(name="first"), timezone.now()
    removal.remove_node(node=node, actor=create_administrator(), reason="x", now=now)
    register_heartbeat(
        node="first", pid=1, host="h", started_at=now, revision=1, listening=[], is_accepting=True, now=now
    )
    traffic.send(1 << 40)
    traffic.ingest()
    assert [one.name for one in known_nodes()] == ["first"] and waiting().status == MessageStatus.DELIVERED


def test_page__administrator__removes_with_a_reason(traffic):
    page, address = reverse("overview:nodes"), reverse("overview:node-remove", args=["first"])
    viewer, admin = signed_in(create_viewer()), signed_in(create_administrator())
    assert "Silent for long" in viewer.get(page).content.decode()
    assert "Remove this node?" not in viewer.get(page).content.decode() and viewer.post(address).status_code == 403
    assert "Remove this node?" in admin.get(page).content.decode()
    assert "Say why" in admin.post(address, follow=True).content.decode()
    done = admin.post(address, {"reason": "its disk burnt"}, follow=True).content.decode()
    assert "1 messages that it held are told to be lost" in done and "Silent for long" not in done
