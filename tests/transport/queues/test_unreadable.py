"""Messages that are only on disk and cannot be read: the others go their way, and nothing is lost."""

import asyncio

import pytest

from tests.support.delivery import Delivering, through
from tests.support.transport import document
from tests.transport.queues.test_configuration import connector
from transport.model.event import EventId
from transport.model.hold import Hold
from transport.model.next_hop import POISON, SUBMISSION, UNREACHABLE
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.ports.spool import MessageDamaged, SpoolUnavailable
from transport.queues import rerouting

DAMAGED = MessageDamaged("its checksum is wrong")
NOT_NOW = SpoolUnavailable("disk I/O error")
MANY = 150


def park(node, transaction, error, *, due_at=9e99):
    """It is only on disk, and cannot be read while ``error`` is raised; returns what ends that."""
    message, errors = transaction.message, [error]

    def read(_):
        if errors:
            raise type(error)(str(error))
        return message

    node.spool.read_message = read
    node.queues._shelf.budget.drop(transaction)
    transaction.park(read, due_at=due_at, round=0)
    return errors.clear


def ids(leaving):
    return [message.id for some in leaving for message, _ in some]


def waiting(node, count, **fields):
    """A queue with so many, of which the second is to be made unreadable, and that one."""
    messages = [node.enqueue("b@partner.example", **fields) for _ in range(count)]
    (queue,) = [one for one in node.queues.all() if one]
    return queue, list(queue)[1], [message.id for message in messages]


def poisoned(node):
    return [[one.message_id for one in queue] for queue in node.queues.all() if queue.hop == POISON]


async def test_leaving__damaged__is_set_aside_and_all_others_leave(sink):
    async with Delivering(document(sink, send_connectors=())) as node:
        queue, bad, everything = waiting(node, MANY, next_hop=UNREACHABLE)
        park(node, bad, DAMAGED)
        left = ids(node.queues.apply(document(sink)))
        assert sorted([*left, bad.message_id]) == everything and len(queue) == 0
        assert poisoned(node) == [[bad.message_id]]
        (told,) = node.spool.happened(EventId.POISON)
        assert (told.message_id, told.reason) == (bad.message_id, "its checksum is wrong")
        (row,) = await node.listed(queue=str(POISON))
        assert row.because == "its checksum is wrong" and node.spool.updates == []


async def test_set_aside_unread__ordered_to_be_tried_again__stays_and_leaves_once_it_is_read(sink):
    async with Delivering(document(sink)) as node:
        _, bad, _ = waiting(node, 2, next_hop=SUBMISSION)
        mend = park(node, bad, DAMAGED)
        assert len(ids(node.queues.take(SUBMISSION))) == 1
        node.queues.retry(str(POISON))
        await asyncio.sleep(0.02)
        assert poisoned(node) == [[bad.message_id]] and len(node.spool.happened(EventId.POISON)) == 1
        mend()
        node.queues.retry(str(POISON))
        assert [message.id for message, _ in node.rerouted] == [bad.message_id] and poisoned(node) == [[]]


async def test_leaving__not_readable_now__stays_and_leaves_by_itself_once_it_is(sink, monkeypatch):
    monkeypatch.setattr(rerouting, "READ_AGAIN_S", 0.01)
    async with Delivering(document(sink, send_connectors=())) as node:
        queue, bad, everything = waiting(node, MANY, next_hop=UNREACHABLE)
        mend = park(node, bad, NOT_NOW)
        left = ids(node.queues.apply(document(sink)))
        assert sorted([*left, bad.message_id]) == everything
        await asyncio.sleep(0.05)
        assert [one.message_id for one in queue] == [bad.message_id] and not node.rerouted
        mend()
        await node.until(lambda: node.rerouted)
        assert [message.id for message, _ in node.rerouted] == [bad.message_id] and not queue
        await node.until(lambda: not queue.walks)  # its last step is a turn of the loop later
        assert not node.spool.happened(EventId.POISON)


@pytest.mark.parametrize("error", [DAMAGED, NOT_NOW])
async def test_orphans__one_unreadable__the_others_are_routed_again_and_nothing_is_raised(sink, error):
    async with Delivering(document(sink)) as node:
        gone = type(node.hop())(node.hop().delivery_type, node.hop().domain, "gone")
        node.queues.obey(StandingOrders((SuspendedQueue(str(gone)),)))
        (queue, bad, everything) = waiting(node, 3, next_hop=gone)
        park(node, bad, error)
        queue.suspension = None
        node.queues.look_for_orphans()
        assert [message.id for message, _ in node.rerouted] == [one for one in everything if one != bad.message_id]


async def test_leaving__given_up_before_its_first_step__its_queue_flows_again(sink):
    async with Delivering(document(sink, send_connectors=(connector(sink),))) as node:
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        queue, _, _ = waiting(node, 2)
        queue.suspension = None
        leaving = node.queues.apply(document(sink, send_connectors=(connector(sink, max_message_size=5000),)))
        assert queue.walks == 1 and not queue.is_flowing
        del leaving
        assert queue.walks == 0
        await node.until_event(EventId.SEND, 2)


@pytest.mark.parametrize("error", [DAMAGED, NOT_NOW])
async def test_delivery__next_is_unreadable__those_behind_it_go(sink, error):
    async with Delivering(through(sink)) as node:
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        queue, bad, everything = waiting(node, 3)
        mend = park(node, bad, error)
        node.queues.obey(StandingOrders())
        await node.until_event(EventId.SEND, 2)
        if error is DAMAGED:
            assert poisoned(node) == [[bad.message_id]] and not queue
            return
        mend()
        await node.pass_time(11)
        await node.until_event(EventId.SEND, 3)
        assert sorted(one.message_id for one in node.spool.happened(EventId.SEND)) == everything


async def test_sweep__one_unreadable__those_behind_it_expire(sink):
    sink.stop()
    async with Delivering(document(sink)) as node:
        queue, bad, _ = waiting(node, 3)
        await node.until_event(EventId.DEFER, 3)
        park(node, bad, NOT_NOW, due_at=0.0)
        await node.pass_time(2 * 86400 + 1)
        await node.until_event(EventId.EXPIRE, 2)
        assert [one.message_id for one in queue] == [bad.message_id]


async def test_next_hop_takes_no_mail__one_unreadable__the_others_fail(sink):
    async with Delivering(document(sink)) as node:
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        queue, bad, _ = waiting(node, 3)
        park(node, bad, NOT_NOW)
        queue.unreachable(Outcome(OutcomeKind.FAILED, Phase.CONNECT, None, "null MX"))
        await node.until_event(EventId.FAIL, 2)
        assert [one.message_id for one in queue] == [bad.message_id]


async def test_hold_lifted__one_unreadable__the_others_are_released(sink):
    sink.stop()
    async with Delivering(document(sink)) as node:
        queue, bad, _ = waiting(node, 3)
        for one in list(queue):
            queue.hold(one, Hold("olga", "phishing", node.clock.now, rule_id="r1"))
        park(node, bad, NOT_NOW)
        node.queues.obey(StandingOrders())
        assert await node.control.release_lifted() == 2 and queue.held_count == 1
