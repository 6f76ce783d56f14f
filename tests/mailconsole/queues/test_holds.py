"""Hold rules: added with a reason, obeyed by a real node, lifted; queues suspended on every node."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import OperationalError
from django.utils import timezone

from mailconsole.accounts.access import RoleRequired
from mailconsole.audit.models import AuditEntry
from mailconsole.queues.models import HoldRule
from mailconsole.queues.orders import standing_orders
from mailconsole.queues.services.holds import HoldRefused, add_hold_rule, lift_hold_rule
from mailconsole.queues.services.queues import resume_queue, suspend_queue
from mailconsole.runtime import order_watch
from tests.support.factories import create_operator, create_viewer
from transport.model.queue_filter import QueueFilter

pytestmark = pytest.mark.django_db(transaction=True)
FROM_ANN = QueueFilter(sender="ann@acme.example")


def test_hold__mail_to_come_is_held_until_the_rule_is_lifted(answering_node):
    operator = create_operator()
    added = add_hold_rule(wanted=FROM_ANN, reason="phishing", actor=operator)
    assert added.nodes == ("transport-1",) and not added.problems
    answering_node.send()
    assert answering_node.state() == ["Suspended"]
    lift_hold_rule(rule_id=added.rule.pk, actor=operator)
    answering_node.sink.wait_for(1)
    assert [entry.action for entry in AuditEntry.objects.filter(object_kind="hold_rule").order_by("number")] == [
        "hold.add",
        "hold.lift",
    ]


def test_hold__console_database_goes_away__goes_on(answering_node, monkeypatch):
    add_hold_rule(wanted=FROM_ANN, reason="phishing", actor=create_operator())

    def away():
        raise OperationalError("no connection")

    monkeypatch.setattr(order_watch, "standing_orders", away)
    assert "no connection" in answering_node.host.orders_changed()
    answering_node.send()
    assert answering_node.state() == ["Suspended"]


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"reason": " "}, "Say why"),
        ({"wanted": QueueFilter()}, "would hold every message"),
        ({"wanted": QueueFilter(older_than_s=60)}, "not known when mail is routed"),
        ({"expires_at": timezone.now() - timedelta(hours=1)}, "ends in the future"),
        ({"expires_at": timezone.now() + timedelta(days=365)}, "within 90 days"),
    ],
)
def test_hold__what_cannot_be__is_refused(db, fields, words):
    with pytest.raises(HoldRefused, match=words):
        add_hold_rule(**{"wanted": FROM_ANN, "reason": "x", "actor": create_operator(), **fields})
    assert not HoldRule.objects.exists()


def test_hold__viewer__is_refused(db):
    with pytest.raises(RoleRequired):
        add_hold_rule(wanted=FROM_ANN, reason="x", actor=create_viewer())
    with pytest.raises(RoleRequired):
        lift_hold_rule(rule_id=1, actor=create_viewer())


def test_lift__twice_or_nothing__is_refused(db):
    operator = create_operator()
    rule = add_hold_rule(wanted=FROM_ANN, reason="x", actor=operator).rule
    lift_hold_rule(rule_id=rule.pk, actor=operator)
    with pytest.raises(HoldRefused, match="not in force: Somebody lifted it"):
        lift_hold_rule(rule_id=rule.pk, actor=operator)
    with pytest.raises(HoldRefused, match="no hold rule 99"):
        lift_hold_rule(rule_id=99, actor=operator)


def test_standing_orders__expired_or_unreadable_rules__are_left_out(db):
    now = timezone.now()
    rule = add_hold_rule(wanted=FROM_ANN, reason="x", actor=create_operator(), expires_at=now + timedelta(hours=1)).rule
    HoldRule.objects.create(filter={"newer": 1}, reason="x", author="x", created_at=now)
    assert [one.id for one in standing_orders(now).holds] == [str(rule.pk)]
    assert standing_orders(now + timedelta(hours=2)).holds == ()


def test_suspend_queue__node__delivers_nothing_until_resume(answering_node):
    operator = create_operator()
    answering_node.send()
    answering_node.sink.wait_for(1)
    sink = answering_node.sink
    key = f"SmartHostConnectorDelivery/out/{sink.host}:{sink.port}"
    answering_node.until(lambda: _suspended(key, operator))
    answering_node.send()
    assert answering_node.state() == ["Ready"] and len(sink.received) == 1
    resume_queue(queue_key=key, actor=operator)
    sink.wait_for(2)


def _suspended(key, operator):
    """Once the node shows the queue."""
    from mailconsole.queues.services.queues import QueueGone

    try:
        return suspend_queue(queue_key=key, actor=operator, reason="test").nodes == ("transport-1",)
    except QueueGone:
        return False
