"""Queues in which nothing moves: what waits there for long is decided anew, in steps, and nothing else is."""

import asyncio
import itertools

import pytest

from tests.support.delivery import Delivering, through
from transport.model.event import EventId
from transport.model.orders import StandingOrders, SuspendedQueue
from transport.model.outcome import RecipientStatus
from transport.queues.idle import IdleQueues
from transport.rules.resubmission import is_due

HOUR = 3600


@pytest.mark.parametrize(
    ("idle_since", "max_idle_s", "due"), [(0.0, 100, True), (1.0, 100, False), (0.0, None, False), (-1e9, None, False)]
)
def test_due__after_the_time_that_is_set_and_never_without_one(idle_since, max_idle_s, due):
    assert is_due(idle_since=idle_since, max_idle_s=max_idle_s, now=100.0) is due


def waits(node, *recipients):
    """A message that is tried again long after all else."""
    message = node.message(*recipients)
    for recipient in message.recipients:
        recipient.status, recipient.next_attempt_at = RecipientStatus.RETRY, node.clock.now + 40 * HOUR
    node.queues.enqueue(message, message.recipients)
    return message


def watch(node, max_idle_s=12 * HOUR):
    async def decided():
        await asyncio.sleep(0)

    return IdleQueues(node.queues, node.spool, node.clock, max_idle_s=lambda: max_idle_s, decided=decided)


async def looked(node, idle):
    idle.look()
    for _ in range(50):
        await asyncio.sleep(0)
    return [message.id for message, _ in node.rerouted]


async def test_queue__without_a_delivery_for_that_long__is_decided_anew_and_says_so(sink):
    async with Delivering(through(sink)) as node:
        message, idle = waits(node, "b@partner.example", "c@partner.example"), watch(node)
        assert await looked(node, idle) == []
        node.clock.now += 12 * HOUR - 1
        assert await looked(node, idle) == []
        node.clock.now += 1
        assert await looked(node, idle) == [message.id]
        assert not any(node.queues.all()[0])
        (event,) = [one for one in node.spool.events if one.event is EventId.RESUBMIT]
        assert event.message_id == message.id and event.about == ["b@partner.example", "c@partner.example"]


async def test_queue__that_delivered_meanwhile__begins_to_count_again(sink):
    async with Delivering(through(sink)) as node:
        message, idle = waits(node, "b@partner.example"), watch(node)
        await looked(node, idle)
        node.clock.now += 11 * HOUR
        node.enqueue("d@partner.example")
        await node.until(lambda: sink.received)
        assert await looked(node, idle) == []
        node.clock.now += 11 * HOUR
        assert await looked(node, idle) == []
        node.clock.now += HOUR
        assert await looked(node, idle) == [message.id]


async def test_queue__suspended_or_without_the_setting__is_left_alone(sink):
    async with Delivering(through(sink)) as node:
        waits(node, "b@partner.example")
        never, idle = watch(node, None), watch(node)
        await looked(node, never)
        await looked(node, idle)
        node.clock.now += 99 * HOUR
        assert await looked(node, never) == []
        node.queues.obey(StandingOrders((SuspendedQueue(str(node.hop())),)))
        assert await looked(node, idle) == []


async def test_messages__that_came_of_late_or_are_held__stay(sink):
    async with Delivering(through(sink)) as node:
        old, idle = waits(node, "b@partner.example"), watch(node)
        held = waits(node, "c@partner.example")
        (queue,) = node.queues.all()
        (of_held,) = [one for one in queue if one.message_id == held.id]
        queue.waiting.hold(of_held)
        await looked(node, idle)
        node.clock.now += 12 * HOUR
        waits(node, "d@partner.example")
        assert await looked(node, idle) == [old.id]
        assert len(queue) == 2


async def test_long_queue__is_gone_through_in_steps(sink, monkeypatch):
    monkeypatch.setattr("transport.queues.walk.LONGEST_S", -1.0)
    async with Delivering(through(sink)) as node:
        idle = watch(node)
        for _ in range(1200):
            waits(node, "b@partner.example")
        await looked(node, idle)
        node.clock.now += 12 * HOUR
        idle.look()
        seen = []
        while len(node.rerouted) < 1200:
            await asyncio.sleep(0)
            seen.append(len(node.rerouted))
        assert max(after - before for before, after in itertools.pairwise(seen)) <= 2
