"""A disk that is full, read only or damaged: mail is told to come later, nothing is lost, no restart is needed."""

import errno
import os
import sqlite3
import time

import pytest

from tests.support.transport import Transport, document
from transport.config.objects import Organization
from transport.model.event import EventId
from transport.model.next_hop import POISON
from transport.spool.bodies import LARGE_BODY_BYTES

LOW_LIMITS = {"spool_disk_free_high": 8_000_000, "spool_disk_free_medium": 16_000_000, "spool_disk_used_high": 100}
SMALL = b"Subject: %d\r\n\r\n" + b"A line of text.\r\n" * 20
LARGE = b"Subject: %d\r\n\r\n" + b"A line of text.\r\n" * (LARGE_BODY_BYTES // 16)


def config(sink, **organization):
    said = {"hostname": "relay.test", "retry_ladder": "1s...", "is_back_pressure_enabled": False, **organization}
    return document(sink, relay_from="127.0.0.0/8", organization=Organization(**said))


def send(relay, number, body=SMALL):
    return relay.send("a@acme.example", ["b@partner.example"], body % number)


def send_until(relay, is_wanted, first, *, body=SMALL, timeout_s=30):
    """Send numbered messages until the reply is the wanted kind; the numbers that were accepted, and that reply."""
    accepted, until = set(), time.monotonic() + timeout_s
    for number in range(first, first + 100_000):
        sent = send(relay, number, body)
        if sent.is_accepted:
            accepted.add(number)
        if is_wanted(sent):
            return accepted, sent
        assert time.monotonic() < until, sent.last
        time.sleep(0 if sent.is_accepted else 0.1)
    raise AssertionError("never")


def numbers(sink):
    return sorted(int(message.headers("Subject")[0]) for message in sink.received)


def is_refused(sent):
    return not sent.is_accepted


def is_taken(sent):
    return sent.is_accepted


@pytest.mark.parametrize("body", [SMALL, LARGE], ids=["small", "large"])
def test_disk_full__452__nothing_is_lost_and_it_goes_on_without_restart(small_disk, sink, body):
    with Transport(small_disk.path, config(sink)) as relay:
        before, _ = send_until(relay, is_taken, 0, body=body)
        small_disk.fill()
        during, refused = send_until(relay, is_refused, 100, body=body)
        assert refused.last.text.startswith(small_disk.full_replies)
        assert "disk" in why_not(relay) or not small_disk.is_mounted
        assert str(send(relay, 99).replies[2].code).startswith("45")  # the next is refused at MAIL already
        small_disk.free()
        after, _ = send_until(relay, is_taken, 100_200, body=body)
        expected = sorted(before | during | after)
        sink.wait_for(len(expected), timeout_s=30)
        time.sleep(0.3)
        assert numbers(sink) == expected
        assert why_not(relay) == ""


def why_not(relay):
    """Why the node takes no mail; it looks once a second."""
    time.sleep(1.2)
    return relay.call(relay.service.snapshot).why_not_accepting


def test_disk_full__deliveries_go_on_and_nothing_arrives_twice_after_a_restart(small_disk, sink):
    sink.stop()
    with Transport(small_disk.path, config(sink)) as relay:
        accepted = {number for number in range(20) if send(relay, number).is_accepted}
        small_disk.fill()
        sink.start()
        sink.wait_for(20, timeout_s=30)
        small_disk.free()
        wait_until(lambda: relay.service._parts.spool.count == 0 and not relay.service._parts.spool.problem)
    with Transport(small_disk.path, config(sink)) as relay:
        assert relay.service._parts.spool.count == 0
        time.sleep(0.5)
    assert numbers(sink) == sorted(accepted)


def wait_until(condition, timeout_s=30):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_disk_nearly_full__back_pressure_refuses_before_the_disk_does(small_disk, sink):
    with Transport(small_disk.path, config(sink, is_back_pressure_enabled=True, **LOW_LIMITS)) as relay:
        assert send(relay, 0).is_accepted
        small_disk.fill(but=LOW_LIMITS["spool_disk_free_high"] // 2)
        refused = send_until(relay, is_refused, 1)[1] if small_disk.is_mounted else None
        if refused is not None:
            assert str(refused.last) == "452 4.3.1 Insufficient system resources, try again later"
            assert "back pressure is High: " in why_not(relay) and "the spool's disk" in why_not(relay).lower()
        small_disk.free()
        send_until(relay, is_taken, 1000)


def test_read_only__451_with_the_reason_and_it_goes_on_without_restart(tmp_path, sink, monkeypatch):
    with Transport(tmp_path, config(sink)) as relay:
        before, _ = send_until(relay, is_taken, 0)
        write = os.pwritev
        monkeypatch.setattr("os.pwritev", read_only)
        _, refused = send_until(relay, is_refused, 100)
        assert refused.last.code == 451 and refused.last.enhanced == "4.3.0"
        assert "can only be read" in why_not(relay)
        monkeypatch.setattr("os.pwritev", write)
        after, _ = send_until(relay, is_taken, 200)
        sink.wait_for(len(before | after))
    assert numbers(sink) == sorted(before | after)


def read_only(*_):
    raise OSError(errno.EROFS, os.strerror(errno.EROFS))


def test_lost_and_damaged_records__wait_as_poison__and_the_others_arrive(tmp_path, sink):
    sink.stop()
    with Transport(tmp_path, config(sink)) as relay:
        for number in range(5):
            assert send(relay, number, LARGE if number < 2 else SMALL).is_accepted
        ids = sorted(relay.service._parts.spool.ids())
    folder = tmp_path / "nodes" / "transport-1"
    sorted((folder / "bodies").iterdir())[0].unlink()
    damage(folder / "spool.sqlite3", ids[3])
    sink.start()
    with Transport(tmp_path, config(sink)) as relay:
        sink.wait_for(3, timeout_s=30)
        wait_until(lambda: len(poisoned(relay)) == 2)
        assert "body is missing" in poisoned(relay)[0] and "envelope" in poisoned(relay)[1]
        assert send(relay, 9).is_accepted
        sink.wait_for(4)
        shown = relay.call(relay.service.snapshot)
        (queue,) = [one for one in shown.queues if one.key == str(POISON)]
        assert queue.message_count == 2
    assert numbers(sink) == [1, 2, 4, 9]


def damage(path, message_id):
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE message SET envelope = '{' WHERE id = ?", (message_id,))
    connection.close()


def poisoned(relay):
    events = [event for event in relay.events() if event.event is EventId.POISON]
    return [event.reason for event in sorted(events, key=lambda one: one.message_id)]
