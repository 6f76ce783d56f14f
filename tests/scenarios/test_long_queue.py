"""A long queue stays on disk: messages that are not next are read when their turn comes, as they were last written."""

import threading
import time

from tests.support.transport import Transport, document
from transport.config.objects import Organization
from transport.model.event import EventId
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import QueueOrder, Verb
from transport.ports.spool import SpoolUnavailable

BODY = b"Subject: %d\r\n\r\nA line.\r\n"
LIVE = 3
COUNT = 20


def config(sink, **organization):
    said = {"hostname": "relay.test", "retry_ladder": "60s...", **organization}
    return document(sink, relay_from="127.0.0.0/8", organization=Organization(**said))


def short(relay):
    """Let few messages stay in memory."""
    relay.service._parts.queues._shelf.parking.live = LIVE
    return relay


def fill(relay, recipients=("b@partner.example",), count=COUNT):
    for number in range(count):
        assert relay.send("a@acme.example", list(recipients), BODY % number).is_accepted
    wait_until(lambda: told(relay, EventId.DEFER) >= count * len(recipients))


def told(relay, event):
    return sum(one.event is event for one in relay.events())


def transactions(relay):
    return relay.call(lambda: [one for queue in relay.service._parts.queues._queues.values() for one in queue])


def parked(relay):
    return sum(one.parked is not None for one in transactions(relay))


def sweep(relay):
    relay.run(relay.service._parts.queues.sweep())


def wait_until(condition, timeout_s=15):
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def deliver(relay, sink, count=COUNT):
    """The next hop is back."""
    sink.start()
    for queue in relay.call(relay.service.snapshot).queues:
        relay.call(lambda key=queue.key: relay.service.retry_queue(key))
    sink.wait_for(count, timeout_s=20)


def subjects(sink):
    return sorted(int(message.headers("Subject")[0]) for message in sink.received)


def test_long_queue__is_parked_and_every_message_arrives_once(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay, recipients=("b@partner.example", "c@partner.example"))
        sweep(relay)
        assert parked(relay) == COUNT - LIVE
        deliver(relay, sink)
        wait_until(lambda: told(relay, EventId.SEND) == 2 * COUNT)
        assert relay.service._parts.spool.count == 0
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
        deliver(relay, sink)
    assert subjects(sink) == list(range(COUNT))


def test_parked__expires_and_the_sender_is_told(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        expire_at = relay.service._parts.clock() + 10 * 86400
        relay.service._parts.queues._sweeper._clock = lambda: expire_at
        sweep(relay)
        wait_until(lambda: told(relay, EventId.EXPIRE) == COUNT)
        wait_until(lambda: told(relay, EventId.DSN) == COUNT)


def test_parked__suspended_over_a_restart__and_resumed(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        (queue,) = relay.call(relay.service.snapshot).queues
        relay.run(relay.service.obey(StandingOrders((SuspendedQueue(queue.key),))))
    sink.start()
    with short(Transport(tmp_path, config(sink))) as relay:
        assert parked(relay) == COUNT - LIVE
        time.sleep(0.3)
        assert not sink.received
        relay.run(relay.service.obey(StandingOrders()))
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
        relay.reload(config(sink), revision=3)
        deliver(relay, sink)
    assert subjects(sink) == list(range(COUNT))


def test_parked__listed__shows_what_waits(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        (queue,) = relay.call(relay.service.snapshot).queues
        shown = relay.run(relay.service.control.page(QueueFilter(queue=queue.key), offset=0, limit=10)).rows
        assert parked(relay) == COUNT - LIVE
        assert [one.subject for one in shown] == [str(number) for number in range(10)]
        assert {one.attempts for one in shown} == {1}


def test_parked__listed__is_read_at_once_and_beside_the_loop(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        spool = relay.service._parts.spool
        one_by_one: list[threading.Thread] = []
        threads: list[threading.Thread] = []
        spool.read_message = noting(spool.read_message, one_by_one)
        spool.read_messages = noting(spool.read_messages, threads)
        sweep(relay)
        shown = relay.run(relay.service.control.page(QueueFilter(), offset=LIVE + 2, limit=10)).rows
        assert [one.subject for one in shown] == [str(number) for number in range(LIVE + 2, LIVE + 12)]
        assert not one_by_one and len(threads) == 1
        assert threads[0] is not relay.call(threading.current_thread)
        spool.read_messages = unavailable
        shown = relay.run(relay.service.control.page(QueueFilter(), offset=0, limit=50)).rows
        assert len(shown) == COUNT  # one by one, where they can't be had at once


def noting(read, threads):
    """Remembers where it was called."""

    def noted(*what):
        threads.append(threading.current_thread())
        return read(*what)

    return noted


def unavailable(ids):
    raise SpoolUnavailable("the disk is away")


def test_parked__another_configuration__is_looked_at_once_more(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        sweep(relay)
        parking, now = relay.service._parts.queues._shelf.parking, relay.service._parts.clock()
        rest = [one.parked for one in transactions(relay) if one.parked is not None]
        assert not any(parking.is_due(one, now) for one in rest)
        relay.reload(config(sink, hostname="other.test"), revision=2)
        assert all(parking.is_due(one, now) for one in rest)
        sweep(relay)
        assert not any(parking.is_due(one.parked, now) for one in transactions(relay) if one.parked is not None)


def order(relay, verb, wanted, **fields):
    job = relay.run(relay.service.control.start(QueueOrder(verb, wanted, by="olga", **fields)))
    wait_until(lambda: job.is_finished)
    return job


def test_parked__ordered_by_a_filter__only_what_is_meant_is_read_and_touched(tmp_path, sink):
    sink.stop()
    with short(Transport(tmp_path, config(sink))) as relay:
        fill(relay)
        assert relay.send("eve@acme.example", ["b@partner.example"], BODY % COUNT).is_accepted
        wait_until(lambda: told(relay, EventId.DEFER) > COUNT)
        sweep(relay)
        wanted = QueueFilter(sender="eve@acme.example")
        assert relay.run(relay.service.control.preview(wanted)).messages == 1
        assert parked(relay) == COUNT + 1 - LIVE
        assert order(relay, Verb.SUSPEND, wanted, reason="wait").done == 1
        assert order(relay, Verb.REMOVE, QueueFilter(sender="a@acme.example"), with_ndr=False).done == COUNT
        sweep(relay)
    sink.start()
    with short(Transport(tmp_path, config(sink))) as relay:
        (left,) = relay.run(relay.service.control.page(QueueFilter(), offset=0, limit=50)).rows
        assert (left.sender, left.because) == ("eve@acme.example", "olga suspended it: wait.")
        assert order(relay, Verb.RESUME, QueueFilter()).done == 1
        sink.wait_for(1)
    assert subjects(sink) == [COUNT]
