"""Suspended queues and hold rules on a whole node: durable on its own disk, ended by lifting and by time."""

import shutil
import time
from typing import Any

import pytest

from tests.support.transport import Transport, document
from transport.model.event import EventId
from transport.model.orders import HoldRule, StandingOrders, SuspendedQueue
from transport.model.queue_filter import BadFilter, QueueFilter
from transport.model.queue_order import QueueOrder, Verb
from transport.model.queued import QueuedMessage

BODY = b"Subject: hello\r\n\r\nhello\r\n"


def rule(rule_id: str = "r1", *, expires_at: float = 0.0, **criteria: Any) -> HoldRule:
    wanted = QueueFilter(**criteria or {"sender": "ann@acme.example"})
    return HoldRule(rule_id, wanted, by="olga", reason="phishing", at=time.time(), expires_at=expires_at)


def holds(*rules: HoldRule) -> StandingOrders:
    return StandingOrders(holds=rules)


def obey(node: Transport, orders: StandingOrders) -> None:
    node.run(node.service.obey(orders))


def listed(node: Transport, **criteria: Any) -> list[QueuedMessage]:
    return list(node.run(node.service.control.page(QueueFilter(**criteria), offset=0, limit=50)).rows)


def send(node: Transport, sender: str = "ann@acme.example") -> None:
    assert node.send(sender, ["bo@partner.example"], BODY).is_accepted


@pytest.fixture
def config(sink):
    return document(sink, relay_from="127.0.0.1")


def test_hold_rule__holds_what_it_means_and_lets_the_others_go(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule()))
        send(node)
        send(node, "eve@acme.example")
        sink.wait_for(1)
        (held,) = listed(node, state="Suspended")
        assert held.cause == "hold_rule" and held.because == "A hold rule of olga holds it: phishing."
        (told,) = [event for event in node.events() if event.event is EventId.SUSPEND]
        assert told.detail == {"rule": "r1"} and told.recipient == "bo@partner.example"


def test_hold_rule__lifted__its_mail_goes(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule(), rule("r2", sender="eve@acme.example")))
        send(node)
        send(node, "eve@acme.example")
        obey(node, holds(rule("r2", sender="eve@acme.example")))
        sink.wait_for(1)
        (held,) = listed(node, state="Suspended")
        assert held.sender == "eve@acme.example"


def test_hold_rule__is_over__its_mail_goes_by_itself(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule(expires_at=time.time() + 0.5)))
        send(node)
        assert listed(node)
        sink.wait_for(1)


@pytest.mark.parametrize(
    "criteria",
    [
        {"recipient": "bo@partner.example"},
        {"domain": "partner.example"},
        {"connector_id": "out"},
        {"policy_id": "test"},
        {"receive_connector_id": "default"},
    ],
)
def test_hold_rule__every_criterion__is_known_when_mail_is_routed(tmp_path, sink, config, criteria):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule(**criteria)))
        send(node)
        assert listed(node)[0].cause == "hold_rule"


@pytest.mark.parametrize("criteria", [{"older_than_s": 5}, {"state": "Retry", "sender": "a@b.example"}])
def test_hold_rule__criterion_that_is_not_known_then__is_refused(criteria):
    with pytest.raises(BadFilter, match="not known when mail is routed"):
        rule(**criteria)


def test_hold_rule__without_a_criterion__is_refused():
    with pytest.raises(BadFilter, match="would hold every message"):
        HoldRule("r1", QueueFilter(), by="olga", reason="", at=0.0)


def test_restart__holds_and_suspended_queues_last(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(
            node,
            StandingOrders(
                (SuspendedQueue(f"SmartHostConnectorDelivery/out/{sink.host}:{sink.port}", "olga"),), (rule(),)
            ),
        )
        send(node)
        send(node, "eve@acme.example")
    with Transport(tmp_path, config) as node:
        send(node)
        assert [one.cause for one in listed(node)] == ["hold_rule", "queue_suspended", "hold_rule"]
        obey(node, StandingOrders())
        sink.wait_for(3)


def test_restart__rule_lifted_meanwhile__its_mail_goes(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule()))
        send(node)
    (tmp_path / "nodes" / "transport-1" / "orders.json").unlink()
    with Transport(tmp_path, config):
        sink.wait_for(1)


def test_restart__orders_unreadable__what_is_held_stays_held(tmp_path, sink, config):
    with Transport(tmp_path, config) as node:
        obey(node, holds(rule()))
        send(node)
    (tmp_path / "nodes" / "transport-1" / "orders.json").write_text("{")
    with Transport(tmp_path, config) as node:
        time.sleep(1.5)
        assert listed(node)[0].cause == "hold_rule" and not sink.received
        obey(node, holds())
        sink.wait_for(1)


def test_orders__cannot_be_written__are_obeyed_and_that_is_said(tmp_path, config):
    with Transport(tmp_path, config) as node:
        (tmp_path / "nodes" / "transport-1" / "orders.new").mkdir()
        with pytest.raises(OSError, match=r"orders\.new"):
            obey(node, holds(rule()))
        send(node)
        assert listed(node)[0].cause == "hold_rule"


def test_crash__suspended_message__is_suspended_after_it(tmp_path, sink, config):
    """What an order says is done is on disk: a copy of the spool as it lies there knows it."""
    with Transport(tmp_path / "a", config) as node:
        sink.stop()
        send(node)
        job = node.run(node.service.control.start(QueueOrder(Verb.SUSPEND, QueueFilter(), by="olga", reason="wait")))
        while not job.is_finished:
            time.sleep(0.01)
        shutil.copytree(tmp_path / "a", tmp_path / "b")
    sink.start()
    with Transport(tmp_path / "b", config) as node:
        assert listed(node)[0].because == "olga suspended it: wait."
        assert not sink.received
