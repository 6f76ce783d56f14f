"""Orders on many messages: previewed, confirmed, carried out by a real node, and in the audit."""

from __future__ import annotations

import pytest

from mailconsole.accounts.access import RoleRequired
from mailconsole.audit.models import AuditEntry
from mailconsole.queues.services import bulk
from mailconsole.queues.services.messages import export_message, list_messages
from mailconsole.queues.services.queues import CommandFailed
from tests.support.factories import create_operator, create_viewer
from tests.support.nodes import BODY
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Verb

pytestmark = pytest.mark.django_db(transaction=True)
BO = QueueFilter(recipient="bo@partner.example")


@pytest.fixture
def waiting(answering_node):
    """Two messages wait for a next hop that is down."""
    answering_node.sink.stop()
    answering_node.send()
    answering_node.send(recipient="cy@partner.example")
    answering_node.until(lambda: answering_node.state() == ["Retry", "Retry"])
    return answering_node


def test_remove__previewed_and_reasoned__is_done_and_audited(waiting):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.REMOVE, wanted=BO, actor=operator)
    assert (seen.messages, seen.nodes) == (1, {"transport-1": 1})
    assert seen.sentence == "Remove 1 message to bo@partner.example"
    done = bulk.give_order(token=seen.token, actor=operator, reason="sent twice")
    assert done.sentence == "1 message removed." and waiting.state(**BO.row()) == []
    entry = AuditEntry.objects.get(action="message.remove")
    assert entry.reason == "sent twice" and "senders get a non-delivery report" in entry.summary
    assert entry.after is not None
    assert entry.after["nodes"] == {"transport-1": {"selected": 1, "done": 1}}


def test_remove__without_a_reason__is_refused(waiting):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.REMOVE, wanted=BO, actor=operator)
    with pytest.raises(bulk.ReasonRequired):
        bulk.give_order(token=seen.token, actor=operator, reason="  ")
    assert len(waiting.state()) == 2


@pytest.mark.parametrize("verb", Verb)
def test_order__viewer__is_refused(db, verb):
    with pytest.raises(RoleRequired):
        bulk.preview_order(verb=verb, wanted=BO, actor=create_viewer())
    with pytest.raises(RoleRequired):
        bulk.give_order(token="x", actor=create_viewer(), reason="x")


def test_order__what_came_after_the_preview__is_not_touched(waiting):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.REMOVE, wanted=QueueFilter(), actor=operator)
    waiting.send(recipient="late@partner.example")
    done = bulk.give_order(token=seen.token, actor=operator, reason="test", with_ndr=False)
    assert done.done == 2 and len(waiting.state()) == 1


def test_order__more_match_than_were_seen__is_stale(waiting):
    operator = create_operator()
    wanted = QueueFilter(state="Suspended")
    first = bulk.preview_order(verb=Verb.SUSPEND, wanted=BO, actor=operator)
    bulk.give_order(token=first.token, actor=operator)
    seen = bulk.preview_order(verb=Verb.REMOVE, wanted=wanted, actor=operator)
    other = bulk.preview_order(verb=Verb.SUSPEND, wanted=QueueFilter(state="Retry"), actor=operator)
    bulk.give_order(token=other.token, actor=operator)
    with pytest.raises(bulk.PreviewIsStale, match="2 messages match now, 1 did when you looked"):
        bulk.give_order(token=seen.token, actor=operator, reason="test")
    assert waiting.state() == ["Suspended", "Suspended"]


def test_order__preview_too_old_tampered_or_anothers__is_stale(waiting, monkeypatch):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.SUSPEND, wanted=BO, actor=operator)
    with pytest.raises(bulk.PreviewIsStale, match="Somebody else"):
        bulk.give_order(token=seen.token, actor=create_operator())
    with pytest.raises(bulk.PreviewIsStale, match="can't be read"):
        bulk.give_order(token=seen.token[:-2], actor=operator)
    monkeypatch.setattr(bulk, "PREVIEW_LASTS_S", -1)
    with pytest.raises(bulk.PreviewIsStale, match="older than ten minutes"):
        bulk.give_order(token=seen.token, actor=operator)


def test_preview__takes_too_long__says_at_least_and_no_order_follows(waiting):
    operator = create_operator()
    waiting.host.need().control.count_patience_s = -1.0
    seen = bulk.preview_order(verb=Verb.REMOVE, wanted=QueueFilter(), actor=operator)
    assert seen.is_partial and seen.sentence.startswith("Remove at least ")
    with pytest.raises(bulk.OrderNotPossible, match="narrow the filter"):
        bulk.give_order(token=seen.token, actor=operator, reason="test")
    assert waiting.state() == ["Retry", "Retry"]


def test_order__nothing_matches__is_refused(answering_node):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.RETRY, wanted=BO, actor=operator)
    with pytest.raises(bulk.OrderNotPossible, match="No message matched"):
        bulk.give_order(token=seen.token, actor=operator)


def test_redirect_and_next_attempt__incomplete__are_refused(waiting):
    operator = create_operator()
    for verb, words in ((Verb.REDIRECT, "Choose the send connector"), (Verb.SET_NEXT_ATTEMPT, "Say when")):
        seen = bulk.preview_order(verb=verb, wanted=BO, actor=operator)
        with pytest.raises(bulk.OrderNotPossible, match=words):
            bulk.give_order(token=seen.token, actor=operator)


def test_redirect__to_no_connector_of_the_node__is_refused_by_it(waiting):
    operator = create_operator()
    seen = bulk.preview_order(verb=Verb.REDIRECT, wanted=BO, actor=operator)
    with pytest.raises(CommandFailed, match="no enabled send connector 'x'"):
        bulk.give_order(token=seen.token, actor=operator, connector_id="x")
    assert not AuditEntry.objects.filter(action="message.redirect").exists()


def test_preview__no_node_reports__is_said(db):
    with pytest.raises(CommandFailed, match="No node reports now"):
        bulk.preview_order(verb=Verb.RETRY, wanted=BO, actor=create_operator())


def test_list__a_page_at_a_time(waiting):
    page = list_messages(QueueFilter(), limit=1)
    assert (page.total, page.first, page.last, page.following) == (2, 1, 1, 1)
    deep = list_messages(QueueFilter(), offset=1, limit=50)
    assert [row.message.recipients for row in deep.rows] == [("cy@partner.example",)] and deep.following is None


def test_export__operator__gets_the_octets_and_the_audit_knows(waiting):
    message = list_messages(BO).rows[0].message
    body = b"".join(export_message(node="transport-1", queue_id=message.queue_id, actor=create_operator()))
    assert body.endswith(BODY) and body.startswith(b"Received: ")
    assert AuditEntry.objects.get(action="message.export").object_id == message.queue_id


def test_export__viewer__is_refused(db):
    with pytest.raises(RoleRequired):
        export_message(node="transport-1", queue_id="0000000000001", actor=create_viewer())
