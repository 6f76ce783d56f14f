"""A node tries its own rules at start and with each revision, and tells who may relay anywhere."""

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import RelayPolicy
from transport.model.event import EventId
from transport.model.snapshot import NodeSnapshot
from transport.service import open_relay_watch


def policy(*networks, **fields):
    return RelayPolicy(id="p", name="Open", networks=networks, owner="IT", purpose="x", **fields)


def told(relay):
    return [event.reason for event in relay.events() if event.event is EventId.OPEN_RELAY]


@pytest.fixture(autouse=True)
def gateway(monkeypatch):
    monkeypatch.setattr(open_relay_watch, "gateways", lambda: ("172.17.0.1",))


def test_start__gateway_may_relay__is_told_in_the_snapshot_and_as_an_event(tmp_path, sink):
    with Transport(tmp_path, document(sink, relay_policies=(policy("172.16.0.0/12"),))) as relay:
        (sentence,) = relay.call(lambda: relay.service.snapshot()).open_relay
        assert sentence.startswith("Whoever reaches this node through 172.17.0.1")
        sink.wait_until(lambda: told(relay) == [sentence])
        shown = relay.call(lambda: relay.service.snapshot())
        assert NodeSnapshot.from_json(shown.to_json()).open_relay == (sentence,)


def test_reload__opened_and_shut_again__is_told_once_and_forgotten(tmp_path, sink):
    with Transport(tmp_path, document(sink)) as relay:
        opened = document(sink, relay_policies=(policy("172.17.0.1"),))
        relay.reload(opened, 2)
        relay.reload(opened, 3)
        sink.wait_until(lambda: len(told(relay)) == 1)
        relay.reload(document(sink), 4)
        assert relay.call(lambda: relay.service.snapshot()).open_relay == () and len(told(relay)) == 1


def test_start__opened_on_purpose__is_not_told(tmp_path, sink):
    meant = policy("0.0.0.0/0", is_broad_override=True)
    with Transport(tmp_path, document(sink, relay_policies=(meant,))) as relay:
        assert relay.call(lambda: relay.service.snapshot()).open_relay == ()
