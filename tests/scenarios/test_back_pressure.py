"""Back pressure on a whole node: who is refused at which level and why; deliveries go on; it ends by itself."""

import time

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import Organization
from transport.model.event import EventId
from transport.model.pressure import Level, Resource

BODY = b"Subject: hello\r\n\r\nA line.\r\n"
LIMITS = {"queue_length_medium": 3, "queue_length_high": 6}


def limited(sink, **limits):
    said = Organization(hostname="relay.test", retry_ladder="1s...", **limits)
    return document(sink, relay_from="127.0.0.2", organization=said)


@pytest.fixture
def relay(tmp_path, sink):
    with Transport(tmp_path, limited(sink, **LIMITS)) as transport:
        yield transport


def wait_for_level(relay, level):
    until = time.monotonic() + 5
    while True:
        shown = relay.call(relay.service.snapshot)
        length = next(one for one in shown.resources if one.resource is Resource.QUEUE_LENGTH)
        if length.level is level:
            return shown
        assert time.monotonic() < until, shown.resources
        time.sleep(0.05)


def from_outside(relay):
    """127.0.0.1 is named by no policy; acme.example is accepted from everybody."""
    return relay.send("x@elsewhere.example", ["user@acme.example"], BODY)


def from_inside(relay):
    return relay.send("a@acme.example", ["b@partner.example"], BODY, source_address="127.0.0.2")


def fill(relay, sink, count):
    sink.stop()
    for _ in range(count):
        assert from_inside(relay).is_accepted


def test_medium__outside_waits__and_named_networks_send(relay, sink):
    fill(relay, sink, 3)
    shown = wait_for_level(relay, Level.MEDIUM)
    assert shown.is_accepting
    assert "3 messages are queued on the node" in shown.why_not_from_outside
    assert str(from_outside(relay).last) == "452 4.3.1 Insufficient system resources, try again later"
    assert from_inside(relay).is_accepted


def test_high__nobody_sends__and_the_reason_is_private(relay, sink):
    fill(relay, sink, 6)
    shown = wait_for_level(relay, Level.HIGH)
    assert not shown.is_accepting
    for sent in (from_outside(relay), from_inside(relay)):
        assert str(sent.last) == "452 4.3.1 Insufficient system resources, try again later"
    time.sleep(0.1)
    refused = [event for event in relay.events() if event.event is EventId.REFUSE]
    assert len(refused) == 2
    assert "back pressure is High: 6 messages are queued" in refused[-1].reason


def test_high__deliveries_go_on__and_mail_is_taken_again(relay, sink):
    fill(relay, sink, 6)
    wait_for_level(relay, Level.HIGH)
    sink.start()
    sink.wait_for(6)
    wait_for_level(relay, Level.LOW)
    assert from_outside(relay).is_accepted
    told = [event for event in relay.events() if event.event is EventId.BACK_PRESSURE]
    assert [event.detail["level"] for event in told][-1] == "Low"
    assert {event.detail["resource"] for event in told} == {"Queue length"}


def test_reload__higher_limits__count_at_once(relay, sink):
    fill(relay, sink, 6)
    wait_for_level(relay, Level.HIGH)
    relay.reload(limited(sink))
    wait_for_level(relay, Level.LOW)
    assert from_outside(relay).is_accepted


def test_start__with_a_full_queue__is_high_from_the_first_connection(tmp_path, sink):
    with Transport(tmp_path, limited(sink, **LIMITS)) as relay:
        fill(relay, sink, 6)
    with Transport(tmp_path, limited(sink, **LIMITS)) as relay:
        assert from_inside(relay).last.code == 452
