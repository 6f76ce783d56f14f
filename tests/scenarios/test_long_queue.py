"""A long queue stays on disk: messages that are not next are read when their turn comes, as they were last written."""

import time

from tests.support.transport import Transport, document
from transport.config.objects import Organization
from transport.model.event import EventId

BODY = b"Subject: %d\r\n\r\nA line.\r\n"
LIVE = 3
COUNT = 20


def config(sink, **organization):
    said = {"hostname": "relay.test", "retry_ladder": "2s...", **organization}
    return document(sink, relay_from="127.0.0.0/8", organization=Organization(**said))


def short(relay):
    """Let few messages stay in memory."""
    relay.service._queues._shelf.parking.live = LIVE
    return relay


def fill(relay, recipients=("b@partner.example",), count=COUNT):
    for number in range(count):
        assert relay.send("a@acme.example", list(recipients), BODY % number).is_accepted
    wait_until(lambda: told(relay, EventId.DEFER) >= count * len(recipients))


def told(relay, event):
    return sum(one.event is event for one in relay.events())


def transactions(relay):
    return relay.call(lambda: [one for queue in relay.service._queues._queues.values() for one in queue])


def parked(relay):
    return sum(one.parked is not None for one in transactions(relay))


def sweep(relay):
    relay.run(relay.service._queues.sweep())


def wait_until(condition, timeout_s=15):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def subjects(sink):
    return sorted(int(message.headers("Subject")[0]) for message in sink.received)


def test_long_queue__is_parked_and_every_message_arrives_once(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay, recipients=("b@partner.example", "c@partner.example"))
        sweep(relay)
        assert parked(relay) == COUNT - LIVE
        sink.start()
        sink.wait_for(COUNT, timeout_s=20)
        wait_until(lambda: relay.service._spool.count == 0)
        assert subjects(sink) == list(range(COUNT))
        assert len(sink.recipients) == 2 * COUNT
        deferred = [one.detail["attempt"] for one in relay.events() if one.event is EventId.SEND]
        assert min(deferred) == 2  # what was tried before it was parked is remembered


def test_restart__long_queue_is_parked_as_it_is_read(tmp_path, sink):
    sink.stop()
    with Transport(tmp_path, config(sink)) as relay:
        fill(relay)
    with short(Transport(tmp_path, config(sink))) as relay:
        assert parked(relay) == COUNT - LIVE
        sink.start()
        sink.wait_for(COUNT, timeout_s=20)
    assert subjects(sink) == list(range(COUNT))


def test_parked__expires_and_the_sender_is_told(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        expire_at = relay.service._clock() + 10 * 86400
        relay.service._queues._sweeper._clock = lambda: expire_at
        sweep(relay)
        wait_until(lambda: told(relay, EventId.EXPIRE) == COUNT)
        wait_until(lambda: told(relay, EventId.DSN) == COUNT)


def test_parked__suspended_over_a_restart__and_resumed(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        (queue,) = relay.call(relay.service.snapshot).queues
        assert relay.call(lambda: relay.service.suspend_queue(queue.key)) == COUNT
    sink.start()
    with short(Transport(tmp_path, config(sink))) as relay:
        assert parked(relay) == COUNT - LIVE
        time.sleep(0.3)
        assert not sink.received
        assert relay.call(lambda: relay.service.resume_queue(queue.key)) == COUNT
        sink.wait_for(COUNT, timeout_s=20)
    assert subjects(sink) == list(range(COUNT))


def test_parked__connector_gone__is_routed_again(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        relay.reload(config(sink).model_copy(update={"send_connectors": ()}))
        (queue,) = [one for one in relay.call(relay.service.snapshot).queues if one.message_count]
        assert (queue.delivery_type, queue.message_count) == ("Unreachable", COUNT)
        sweep(relay)
        assert parked(relay) == COUNT - LIVE
        sink.start()
        relay.reload(config(sink), revision=3)
        sink.wait_for(COUNT, timeout_s=20)
    assert subjects(sink) == list(range(COUNT))


def test_parked__listed__shows_what_waits(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        (queue,) = relay.call(relay.service.snapshot).queues
        shown = relay.call(lambda: relay.service._queues.messages(queue.key, 10))
        assert [one.subject for one in shown] == [str(number) for number in range(10)]
        assert {one.attempts for one in shown} == {1}
