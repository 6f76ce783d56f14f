"""What is done to a long queue is done in steps, and no step is longer for a longer queue."""

import asyncio

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.model.event import EventId
from transport.model.next_hop import UNREACHABLE
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.outcome import Outcome, OutcomeKind, Phase, RecipientStatus
from transport.model.queue_filter import QueueFilter
from transport.queues import line
from transport.queues.line import PIECE, Line
from transport.queues.steps import STEP
from transport.queues.taking_back import FEW
from transport.queues.transaction import Transaction
from transport.queues.waiting import WAKE_STEP, Waiting

COUNT = 2 * WAKE_STEP + 500


def transactions(count):
    return [Transaction(None, []) for _ in range(count)]


def a_line(count):
    found, everything = Line(), transactions(count)
    for one in everything:
        found.append(one)
    return found, everything


@pytest.fixture
def walked(monkeypatch):
    """How many pieces were gone through one by one."""
    numbers = []

    def walk(piece):
        numbers.append(piece.number)
        return iter(piece.keys())

    monkeypatch.setattr(line.Piece, "__iter__", walk)
    return numbers


def test_line__walked__in_short_pieces_that_bear_changes():
    found, everything = a_line(4 * PIECE)
    seen = []
    for piece in found.pieces():
        assert len(piece) <= PIECE
        seen += piece
        found.remove(piece[0])
        found.append(Transaction(None, []))
    assert seen == everything and len(found) == 4 * PIECE


def test_line__deep_page__counts_what_is_before_it_and_walks_none_of_it(walked):
    found, everything = a_line(40 * PIECE)
    assert found.cut(39 * PIECE + 10, 50) == everything[39 * PIECE + 10 : 39 * PIECE + 60]
    assert walked == [39]
    assert found.cut(PIECE - 10, 20) == everything[PIECE - 10 : PIECE + 10]
    assert found.cut(40 * PIECE, 50) == []


def test_line__emptied_from_the_front__the_first_are_found_at_once(walked):
    found, everything = a_line(40 * PIECE)
    for one in everything[: -PIECE - 10]:
        found.remove(one)
    assert found.cut(0, 50) == everything[-PIECE - 10 :][:50] and len(walked) == 2
    with pytest.raises(KeyError):
        found.remove(everything[0])


def test_line__what_comes_back__stands_last():
    found, everything = a_line(3)
    found.remove(everything[0])
    found.append(everything[0])
    assert list(found) == [everything[1], everything[2], everything[0]]


def deferred(count):
    waiting, everything = Waiting(), transactions(count)
    for number, one in enumerate(everything):
        waiting.defer(one, 1000.0 + number)
    return waiting, everything


def test_waiting__all_due_at_once__are_woken_in_steps():
    waiting, everything = deferred(COUNT)
    steps = []
    while waiting.wake_due(10_000.0):
        steps.append(waiting.ready_count)
    assert steps == [WAKE_STEP, 2 * WAKE_STEP] and waiting.ready_count == COUNT
    assert list(waiting.next_ready(COUNT)) == everything


def test_waiting__hurried__what_is_deferred_meanwhile_waits_its_time():
    waiting, everything = deferred(COUNT)
    waiting.hurry_all()
    assert waiting.wake_due(0.0)
    waiting.defer(everything[0], 5.0)
    while waiting.wake_due(0.0):
        pass
    assert (waiting.ready_count, waiting.deferred_count, waiting.next_wake_at) == (COUNT - 1, 1, 5.0)
    waiting.hurry_all()
    assert not waiting.wake_due(0.0)
    assert waiting.ready_count == COUNT


def test_waiting__hurried_again_before_the_end__nobody_is_left():
    waiting, everything = deferred(COUNT)
    waiting.hurry_all()
    waiting.wake_due(0.0)
    waiting.defer(everything[0], 5.0)
    waiting.hurry_all()
    while waiting.wake_due(0.0):
        pass
    assert (waiting.ready_count, waiting.deferred_count, waiting.first_deferred) == (COUNT, 0, None)


async def test_retry__long_queue__others_have_the_loop_between_its_steps(sink):
    async with Delivering(document(sink)) as node:
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        for _ in range(COUNT):
            message = node.message("b@partner.example")
            message.recipients[0].status = RecipientStatus.RETRY
            message.recipients[0].next_attempt_at = node.clock.now + 600
            node.queues.enqueue(message, message.recipients)
        (queue,) = node.queues.all()
        assert node.queues.retry(queue.key) == COUNT
        seen = [queue.waiting.ready_count]
        while queue.waiting.deferred_count:
            await asyncio.sleep(0)
            seen.append(queue.waiting.ready_count)
        assert seen[:3] == [WAKE_STEP, 2 * WAKE_STEP, COUNT]
        page = await node.control.page(QueueFilter(), offset=COUNT - 1, limit=50)
        assert (page.total, len(page.rows)) == (COUNT, 1)


async def held_back(node, count):
    """So many messages wait in a queue that is not suspended any more."""
    node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
    messages = [node.enqueue(f"r{number}@partner.example") for number in range(count)]
    (queue,) = node.queues.all()
    return queue, messages


async def in_steps(done, *, at_most=1000):
    """What `done` says at first, and whenever others had the loop, until it says the same twice."""
    seen = [done()]
    for _ in range(at_most):
        await asyncio.sleep(0)
        seen.append(done())
        if len(seen) > 5 and seen[-1] == seen[-5]:
            break
    return sorted(set(seen))


async def test_next_hop_that_takes_no_mail_ever__a_long_queue_fails_in_steps(sink):
    never = Outcome(OutcomeKind.FAILED, Phase.ROUTING, None, "It has a null MX.")
    async with Delivering(document(sink)) as node:
        queue, _ = await held_back(node, 3 * STEP + 50)
        queue.suspension = None
        queue.unreachable(never)
        assert queue.backlog == 0, "its courier waits until that is done"
        left = await in_steps(lambda: len(queue.waiting))
        assert left == [0, 50, STEP + 50, 2 * STEP + 50]
        await node.until_event(EventId.FAIL, STEP)


async def test_node_that_stops__leaves_the_rest_of_a_long_queue_where_it_is(sink):
    never = Outcome(OutcomeKind.FAILED, Phase.ROUTING, None, "It has a null MX.")
    async with Delivering(document(sink)) as node:
        queue, _ = await held_back(node, 3 * STEP)
        queue.suspension = None
        queue.unreachable(never)
        await node.queues.drain(0.1)
        assert await in_steps(lambda: len(queue.waiting)) == [2 * STEP]


async def test_connector_that_goes__a_long_queue_leaves_step_by_step(sink):
    async with Delivering(document(sink)) as node:
        queue, messages = await held_back(node, 3 * STEP + 50)
        queue.suspension = None
        leaving = node.queues.apply(document(sink, send_connectors=()))
        assert (len(queue.waiting), queue.is_flowing) == (len(messages), False)
        assert (len(next(leaving)), len(queue.waiting)) == (STEP, 2 * STEP + 50)
        node.enqueue("new@partner.example", next_hop=queue.hop)
        assert sum(map(len, leaving)) == 2 * STEP + 50
        assert (len(queue.waiting), queue.walks) == (1, 0)


async def test_unreachable__retried__a_long_queue_is_routed_again_in_steps(sink):
    async with Delivering(document(sink, send_connectors=())) as node:
        for number in range(2 * STEP + 50):
            node.enqueue(f"r{number}@partner.example", next_hop=UNREACHABLE)
        assert node.queues.retry(str(UNREACHABLE)) == 2 * STEP + 50
        assert await in_steps(lambda: len(node.rerouted)) == [STEP, 2 * STEP, 2 * STEP + 50]


async def test_taken_back__from_long_queues__in_steps_and_what_moves_meanwhile_is_found(sink):
    async with Delivering(document(sink)) as node:
        queue, messages = await held_back(node, FEW + 3 * STEP)
        wanted = {message.id for message in messages[::2]}
        task = asyncio.create_task(node.queues.take_back(wanted))
        for _ in range(2):
            await asyncio.sleep(0)
        assert len(queue.waiting) > len(messages) - 2 * STEP
        moved = next(one for one in reversed(list(queue)) if one.message_id in wanted)
        queue.pull(moved)
        queue.add(moved.message, moved.recipients, None)
        assert await task == set()
        assert {one.message_id for one in queue} == {message.id for message in messages} - wanted


async def test_taken_back__while_it_is_delivered__stays_as_a_whole(sink):
    sink.delay("dot", 0.3)
    async with Delivering(document(sink)) as node:
        message = node.enqueue("b@partner.example")
        (queue,) = node.queues.all()
        await node.until(lambda: queue.active)
        other = node.message("c@partner.example", id=message.id)
        other.recipients[0].status, other.recipients[0].next_attempt_at = RecipientStatus.RETRY, node.clock.now + 600
        node.queues.enqueue(other, other.recipients)
        assert await node.queues.take_back({message.id}) == {message.id}
        assert (len(queue.waiting), queue.waiting.deferred_count) == (2, 1)
