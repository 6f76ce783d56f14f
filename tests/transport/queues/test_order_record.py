"""What a node keeps of an order that it began: what is on disk is not done again, what waits for a delivery is."""

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.model.event import EventId
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import QueueOrder, Verb
from transport.queues.control import QueueControl
from transport.queues.order_record import OrderRecord, Target, read_all

ORDER = QueueOrder(Verb.REMOVE, QueueFilter(sender="ü@acme.example"), by="olga", reason="Grüße")


@pytest.fixture
def record(tmp_path):
    targets = [Target(number, 100 + number, frozenset({0, number})) for number in range(5)]
    record = OrderRecord(7, ORDER, targets, tmp_path / "orders" / "7.order")
    record.begin()
    return record


def again(record):
    (found,) = read_all(record._path.parent)
    return found


def test_read__what_is_on_disk_or_left_out__does_not_remain(record):
    record.mark_done(0)
    record.mark_left_out(1)
    record.mark_done(2, is_pending=True)
    record.mark_on_disk(record.done_count)
    record.mark_done(3, highest=4)
    found = again(record)
    assert (found.job_id, found.order, found.targets) == (7, ORDER, record.targets)
    assert (found.done, found.left_out, found.highest[3]) == ({0, 2, 3}, {1}, 4)
    assert [one.number for one in found.remaining] == [2, 3, 4]


def test_read__tries__count_from_the_last_that_came_to_disk(record):
    record.mark_taken_up()
    record.mark_on_disk(0)
    record.mark_taken_up()
    assert again(record).tries == 1


@pytest.mark.parametrize("torn", [b"+1", b"\0\0\0\n+1 0\n", b"+1 0 0\n", b"+x 0\n"])
def test_read__torn_by_the_power__ends_there(record, torn):
    record.mark_done(0)
    with record._path.open("ab") as file:
        file.write(torn)
    assert again(record).done == {0}


def test_end__nothing_is_found(record):
    record.end()
    record.mark_done(0)
    assert read_all(record._path.parent) == []


async def test_order__being_delivered__is_kept_until_that_ends(sink, tmp_path):
    async with Delivering(document(sink)) as node:
        node.control = QueueControl(node.queues, node.spool, node.clock, folder=tmp_path / "orders")
        sink.delay("rcpt", 0.5)
        sink.reply("rcpt", "451 4.3.0 later")
        node.enqueue("bo@partner.example")
        await node.until(lambda: node.snapshot.status == "Active")
        job = await node.order(Verb.REMOVE, with_ndr=False)
        (kept,) = read_all(tmp_path / "orders")
        assert job.done == 1 and len(kept.remaining) == 1
        await node.until_event(EventId.FAIL)
        await node.until(lambda: not read_all(tmp_path / "orders"))


async def test_order__disk_full_for_a_while__is_forgotten_once_it_is_written(sink, tmp_path):
    """Else the next start would carry it out again, and undo what was ordered since."""
    async with Delivering(document(sink)) as node:
        sink.stop()
        node.control = QueueControl(node.queues, node.spool, node.clock, folder=tmp_path / "orders")
        node.enqueue("bo@partner.example")
        await node.until_event(EventId.DEFER)
        node.spool.is_failing = True
        assert "not on disk yet" in (await node.order(Verb.SUSPEND)).problem
        assert read_all(tmp_path / "orders")
        node.spool.is_failing = False
        await node.until(lambda: not read_all(tmp_path / "orders"))


async def test_order__no_room_to_keep_it__is_carried_out_all_the_same(sink, tmp_path):
    (tmp_path / "orders").write_text("a file where a folder should be")
    async with Delivering(document(sink)) as node:
        sink.stop()
        node.control = QueueControl(node.queues, node.spool, node.clock, folder=tmp_path / "orders")
        node.enqueue("bo@partner.example")
        await node.until_event(EventId.DEFER)
        assert (await node.order(Verb.REMOVE, with_ndr=False)).done == 1
