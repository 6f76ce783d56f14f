"""Queues in which nothing moves: what waits there for long is decided anew, in steps, and nothing else is."""

import asyncio
import itertools

import pytest

from tests.support.delivery import Delivering, through
from tests.support.transport import document
from transport.config.objects import AcceptedDomain, AddressSpace, Recipient, SendConnector, TlsLevel
from transport.model.event import EventId
from transport.model.orders import HoldRule, StandingOrders, SuspendedQueue
from transport.model.outcome import RecipientStatus
from transport.model.queue_filter import QueueFilter
from transport.ports.recipients import NoDirectory
from transport.queues.holding import Holding
from transport.queues.idle import IdleQueues
from transport.queues.intake import EngineIntake
from transport.rules.resubmission import is_due
from transport.rules.ruleset import compile_ruleset

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


async def test_long_queue__what_comes_back_to_it__is_decided_about_once(sink):
    async with Delivering(through(sink)) as node:
        idle = watch(node)
        for _ in range(1200):
            waits(node, "b@partner.example")
        await looked(node, idle)
        node.clock.now += 12 * HOUR
        (queue,) = node.queues.all()
        queue.health.next_retry_at = node.clock.now + HOUR

        def reroute(message, recipients):
            node.rerouted.append((message, recipients))
            node.queues.enqueue(message, recipients)

        node.queues._reroute = reroute
        assert await idle.resubmit(queue, came_before=node.clock.now) == len(node.rerouted) == len(queue) == 1200


def deciding(node):
    """Mail is resolved and routed as on a whole node."""
    ruleset = compile_ruleset(node.document)
    intake = EngineIntake(spool=node.spool, queues=node.queues, lookup=NoDirectory(), ruleset=ruleset, clock=node.clock)
    node.queues._reroute = intake.decide_again
    return intake


async def resubmitted(node, idle):
    """After twelve more hours in which nothing moved, and another try."""
    for hours in (0, 12):
        node.clock.now += hours * HOUR + 60
        tries = len(node.spool.happened(EventId.DEFER))
        idle.look()
        await asyncio.sleep(0.05)
    await node.until_event(EventId.DEFER, tries + 1)


async def test_delivered_and_forwarded__mailbox_server_down__the_target_has_it_once(sink):
    ways = {"acme.example": "127.0.0.1:9", "partner.example": f"{sink.host}:{sink.port}"}
    both = Recipient(
        id="b", name="B", address="b@acme.example",
        forwarding_address="x@partner.example", deliver_to_mailbox_and_forward=True,
    )  # fmt: skip
    connectors = tuple(
        SendConnector(
            id=name[0], name=name, address_spaces=(AddressSpace(domain=name),), smart_hosts=(host,),
            tls_level=TlsLevel.NONE,
        )
        for name, host in ways.items()
    )  # fmt: skip
    domains = (AcceptedDomain(id="acme", name="acme", domain="acme.example"),)
    flow = document(accepted_domains=domains, recipients=(both,), send_connectors=connectors)
    async with Delivering(flow) as node:
        intake, idle, message = deciding(node), watch(node), node.message("b@acme.example")
        message.recipients[0].next_hop = None
        await intake.submit(message, [])
        await node.until(lambda: sink.received)
        await node.until_event(EventId.DEFER)
        for _ in range(2):
            await resubmitted(node, idle)
        assert sink.recipients == ["x@partner.example"]
        assert len(node.spool.happened(EventId.RESUBMIT)) == 2
        (waiting,) = [one for one in message.recipients if not one.status.is_final]
        assert str(waiting.address) == "b@acme.example" and waiting.attempts >= 3


async def test_held_and_let_go__is_not_held_again(sink):
    sink.stop()
    async with Delivering(through(sink)) as node:
        intake, idle, message = deciding(node), watch(node), node.message("b@partner.example")
        rule = HoldRule("r1", QueueFilter(sender="a@acme.example"), by="olga", reason="phishing", at=node.clock.now)
        intake.holding, message.recipients[0].next_hop = Holding([rule]), None
        node.queues.obey(StandingOrders(holds=(rule,)))
        await intake.submit(message, [])
        await asyncio.sleep(0)
        assert [one.recipient for one in node.spool.happened(EventId.SUSPEND)] == ["b@partner.example"]
        (queue,) = node.queues.all()
        queue.release(next(iter(queue)), "olga: this one is harmless")
        await node.until_event(EventId.DEFER)
        await resubmitted(node, idle)
        assert message.recipients[0].status is RecipientStatus.RETRY
        assert len(node.spool.happened(EventId.SUSPEND)) == len(node.spool.happened(EventId.RESUBMIT)) == 1
