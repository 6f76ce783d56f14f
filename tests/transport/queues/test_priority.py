"""Delivery order within a queue, and what becomes of a message that breaks us."""

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import Transport, document
from transport.config.objects import Organization
from transport.delivery import wire
from transport.model.event import EventId
from transport.model.priority import Priority
from transport.model.queue_filter import QueueFilter

HEADERS = {"low": b"Importance: low\r\n", "normal": b"", "high": b"X-Priority: 1\r\n"}


async def test_order__high_first_then_by_arrival_low_last(sink):
    async with Delivering(document(sink)) as node:
        sink.stop()
        for name, priority in (
            ("l", Priority.LOW),
            ("n1", Priority.NORMAL),
            ("h", Priority.HIGH),
            ("n2", Priority.NORMAL),
        ):
            node.enqueue(f"{name}@partner.example", priority=priority)
        await node.until_event(EventId.DEFER, 4)
        listed = {row.recipients[0]: (row.priority, row.status) for row in await node.listed()}
        assert listed["h@partner.example"] == ("High", "Retry") and listed["n1@partner.example"][0] == ""
        sink.start()
        node.queues.retry(str(node.hop()))
        sent = await node.until_event(EventId.SEND, 4)
        assert [event.recipient[:2].rstrip("@") for event in sent] == ["h", "n1", "n2", "l"]


async def test_why__outranked__says_so(sink):
    async with Delivering(document(sink)) as node:
        sink.stop()
        node.enqueue("l@partner.example", priority=Priority.LOW)
        node.enqueue("h@partner.example", priority=Priority.HIGH)
        (queue,) = node.queues.all()
        low = next(one for one in queue if one.rank == 1)
        assert queue.waiting.is_outranked(low)


async def test_shares__low_and_high_beyond_theirs_wait_and_the_others_go(sink):
    said = Organization(hostname="relay.test", is_priority_queuing_enabled=True, max_low_priority_connections=1)
    async with Delivering(document(sink, organization=said)) as node:
        sink.delay("data", 0.5)
        for _ in range(12):
            node.enqueue("l@partner.example", priority=Priority.LOW)
        (queue,) = node.queues.all()
        await node.until(lambda: queue.active == 1)
        for _ in range(6):
            node.enqueue("n@partner.example")
        await node.until(lambda: sink.recipients.count("n@partner.example") == 6)
        assert sink.recipients.count("l@partner.example") < 12
        listed = [row.because for row in await node.listed() if row.priority == "Low" and row.status == "Ready"]
        assert "As many messages of its priority" in listed[-1]
        sink.behave()
        await node.until_event(EventId.SEND, 18)
        assert queue.waiting.takable_count == queue.active == 0


@pytest.mark.parametrize(("header", "told_s", "expires_s"), [
    ("high", 1800, 8 * 3600), ("normal", 4 * 3600, 2 * 86400), ("low", 8 * 3600, 2 * 86400)
])  # fmt: skip
def test_times__each_priority_has_its_own(tmp_path, sink, header, told_s, expires_s):
    sink.stop()
    said = Organization(hostname="relay.test", retry_ladder="1h...", is_priority_queuing_enabled=True)
    with Transport(tmp_path, document(sink, relay_from="127.0.0.1", organization=said)) as node:
        data = HEADERS[header] + b"Subject: x\r\n\r\nx\r\n"
        assert node.send("a@acme.example", ["b@partner.example"], data).is_accepted
        (row,) = node.run(node.service.control.page(QueueFilter(), offset=0, limit=10)).rows
        assert row.expires_at - row.received_at == expires_s
        (queue,) = node.call(lambda: node.service._parts.queues.all())
        (transaction,) = node.call(lambda: list(queue))
        due_at = node.call(lambda: node.service._parts.queues._ledger.next_due_at(transaction))
        assert due_at - row.received_at == told_s


def send_all(node, sink):
    for header in HEADERS.values():
        assert node.send("a@acme.example", ["b@partner.example"], header + b"Subject: x\r\n\r\nx\r\n").is_accepted


def priorities(node):
    rows = node.run(node.service.control.page(QueueFilter(), offset=0, limit=10)).rows
    return [row.priority for row in rows]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ["", "", ""]),
        ({"is_priority_queuing_enabled": True}, ["Low", "", "High"]),
        ({"is_priority_queuing_enabled": True, "max_high_priority_message_size": 10}, ["Low", "", ""]),
    ],
)
def test_header__is_asked_where_it_is_on_and_remembered_over_a_restart(tmp_path, sink, fields, expected):
    sink.stop()
    said = Organization(hostname="relay.test", retry_ladder="1h...", **fields)
    config = document(sink, relay_from="127.0.0.1", organization=said)
    with Transport(tmp_path, config) as node:
        send_all(node, sink)
        assert priorities(node) == expected
    with Transport(tmp_path, config) as node:
        assert priorities(node) == expected


async def test_poison__our_own_fault_with_a_message__sets_it_aside_at_the_threshold(sink, monkeypatch):
    def broken(*_):
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(wire, "encode", broken)
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        assert not node.spool.happened(EventId.POISON)
        await node.pass_time(60)
        (told,) = await node.until_event(EventId.POISON)
        assert "poison threshold" in told.reason
        await node.pass_time(30 * 86400)
        (left,) = await node.listed()
        assert left.cause == "poison" and not node.spool.happened(EventId.EXPIRE)
