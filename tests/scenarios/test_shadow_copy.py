"""Second copies on another node, with real processes that are killed: nothing that got 250 is lost, and what came
twice is counted."""

import time

import pytest

from tests.support.load import Load, arrived, of_all_sizes, wait_until_none_is_missing
from tests.support.node import NodeProcess
from tests.support.smtp import send
from tests.support.transport import document
from transport.config.objects import Organization

BODY = b"Subject: %s\r\n\r\nA line.\r\n"
FAST = {
    "hostname": "relay.test",
    "retry_ladder": "1s...",
    "is_shadow_redundancy_enabled": True,
    "shadow_heartbeat_frequency": 1,
    "shadow_resubmit_time_span": 3,
}


def config(sink, **organization):
    said = Organization(**{**FAST, **organization})
    return document(sink, relay_from="127.0.0.0/8", organization=said)


@pytest.fixture
def pair(tmp_path, sink):
    """Two nodes that know each other, not yet started."""
    first = NodeProcess(tmp_path / "first", config(sink), node="first")
    second = NodeProcess(tmp_path / "second", config(sink), node="second")
    first.know(second)
    second.know(first)
    yield first, second
    for node in (first, second):
        if node.is_running:
            node.stop()


def started(*nodes):
    for node in nodes:
        node.start()
    for node in nodes:
        wait_for(node, lambda shadow: any(peer["is_live"] for peer in shadow["peers"]))


def wait_for(node, condition, timeout_s=20):
    until = time.monotonic() + timeout_s
    while not condition(shadow := node.snapshot()["shadow"]):
        assert time.monotonic() < until, shadow
        time.sleep(0.05)
    return shadow


def submit(node, subject):
    host, port = node.smtp
    return send(host, port, "a@acme.example", ["b@partner.example"], BODY % subject.encode())


def hold(sink):
    """The next hop is away: mail waits in the spool."""
    sink.stop()


def test_primary_killed_and_its_disk_lost__every_message_that_got_250_arrives_from_the_peer(pair, sink):
    first, second = pair
    started(first, second)
    load = Load(first.smtp, body=of_all_sizes)
    load.start()
    load.wait_for(50)
    hold(sink)
    load.wait_for(150)
    first.kill(lose_disk=True)
    load.stop()
    sink.start()
    wait_until_none_is_missing(load, sink)
    assert set(arrived(sink)) <= load.tried
    assert second.snapshot()["shadow"]["redirected_total"] > 0
    assert {event["detail"]["from_node"] for event in second.events("HAREDIRECT")} == {"first"}


def test_message_done__its_copy_goes(pair, sink):
    first, second = pair
    started(first, second)
    for number in range(5):
        assert submit(first, f"message {number}").is_accepted
    sink.wait_for(5)
    wait_for(second, lambda shadow: shadow["held"] == 0)
    assert first.snapshot()["shadow"]["copied"] == 0
    assert [event["detail"]["shadow"] for event in first.events("RECEIVE")] == ["second"] * 5
    time.sleep(4)  # longer than the silence after which copies are delivered
    assert set(arrived(sink).values()) == {1}


def test_primary_returns_with_its_disk_in_time__delivers_itself_and_nothing_twice(pair, sink):
    first, second = pair
    started(first, second)
    hold(sink)
    for number in range(20):
        assert submit(first, f"message {number}").is_accepted
    assert wait_for(second, lambda shadow: shadow["held"] == 20)
    first.kill()
    first.start()
    sink.start()
    sink.wait_for(20, timeout_s=20)
    wait_for(second, lambda shadow: shadow["held"] == 0)
    time.sleep(4)
    assert arrived(sink) == {f"message {number}": 1 for number in range(20)}


def test_primary_returns_late__does_not_send_again_what_the_peer_delivered(pair, sink):
    first, second = pair
    started(first, second)
    hold(sink)
    for number in range(20):
        assert submit(first, f"message {number}").is_accepted
    first.kill()
    wait_for(second, lambda shadow: shadow["redirected_total"] == 20)
    sink.start()
    sink.wait_for(20, timeout_s=20)
    first.start()
    wait_until(lambda: len(first.events("HADISCARD")) == 20)
    assert first.snapshot()["messages"] == 0
    time.sleep(1.5)
    assert arrived(sink) == {f"message {number}": 1 for number in range(20)}
    assert first.snapshot()["shadow"]["duplicates_total"] == 0


def wait_until(condition, timeout_s=20):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_both_live_but_cannot_hear_each_other__duplicates_are_counted_and_none_is_lost(pair, sink):
    first, second = pair
    started(first, second)
    hold(sink)
    for number in range(5):
        assert submit(first, f"message {number}").is_accepted
    wait_for(second, lambda shadow: shadow["held"] == 5)
    first.know()  # as if the network between them were cut
    wait_for(second, lambda shadow: shadow["redirected_total"] == 5)
    sink.start()
    wait_until(lambda: sum(arrived(sink).values()) == 10)
    first.know(second)
    wait_for(first, lambda shadow: shadow["duplicates_total"] == 5)
    assert len(first.events("DUPLICATEDELIVER")) == 5
    assert set(arrived(sink).values()) == {2}


@pytest.mark.parametrize("is_required", [False, True], ids=["accept", "refuse"])
def test_peer_away__accepted_or_refused_by_setting(pair, sink, is_required):
    first, second = pair
    started(first, second)
    for node in pair:
        node.ask(document=config(sink, is_message_rejected_on_shadow_failure=is_required).model_dump(mode="json"))
    assert submit(first, "with a copy").is_accepted
    second.kill()
    sent = submit(first, "without a copy")
    shadow = wait_for(first, lambda shadow: shadow["why_unprotected"])
    assert "second" in shadow["why_unprotected"]
    if is_required:
        assert str(sent.last) == "450 4.5.1 No second copy of the message could be kept, try again later"
        wait_until(lambda: first.events("REFUSE"))
        (refused,) = first.events("REFUSE")
        assert "no other node keeps a copy: second" in refused["reason"]
        second.start()
        wait_for(first, lambda shadow: not shadow["why_unprotected"])
        assert submit(first, "without a copy").is_accepted
    else:
        assert sent.is_accepted and shadow["unprotected_total"] == 1
    sink.wait_for(2)


def test_both_directions__each_is_the_others_peer(pair, sink):
    first, second = pair
    started(first, second)
    hold(sink)
    for node in pair:
        for number in range(5):
            assert submit(node, f"{node.node} {number}").is_accepted
    for node in pair:
        assert wait_for(node, lambda shadow: shadow["held"] == 5)["copied"] == 5
    second.kill(lose_disk=True)
    sink.start()
    wait_until(lambda: len(arrived(sink)) == 10)
    assert set(arrived(sink).values()) == {1}


def test_disk_replaced__the_peer_delivers_as_soon_as_the_node_is_back(pair, sink):
    first, second = pair
    started(first, second)
    for node in pair:
        node.ask(document=config(sink, shadow_resubmit_time_span=3600).model_dump(mode="json"))
    hold(sink)
    for number in range(5):
        assert submit(first, f"message {number}").is_accepted
    first.kill(lose_disk=True)
    sink.start()
    first.document = config(sink, shadow_resubmit_time_span=3600)
    first.start()
    wait_until(lambda: len(arrived(sink)) == 5)
    assert first.snapshot()["shadow"]["duplicates_total"] == 0


def test_another_key__is_no_peer(pair, sink):
    first, second = pair
    second.key = "another key"
    first.start()
    second.start()
    time.sleep(1)
    shadow = first.snapshot()["shadow"]
    assert not shadow["peers"][0]["is_live"] and shadow["held"] == 0
    assert submit(first, "accepted without a copy").is_accepted


def test_switched_off__copies_go_and_nobody_listens(pair, sink):
    first, second = pair
    started(first, second)
    hold(sink)
    assert submit(first, "message").is_accepted
    wait_for(second, lambda shadow: shadow["held"] == 1)
    for node in pair:
        node.ask(document=config(sink, is_shadow_redundancy_enabled=False).model_dump(mode="json"))
        assert node.snapshot()["shadow"] is None
    sink.start()
    sink.wait_for(1)
    time.sleep(4)
    assert arrived(sink) == {"message": 1}
