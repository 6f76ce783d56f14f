"""A message waits for a busy connection only where that is soon free, and never for long."""

import pytest

from tests.support.delivery import Delivering, through
from transport.delivery.patience import MAX_BEHIND, PATIENCE_S, Patience
from transport.model.event import EventId


def known(took_s, times=100):
    patience = Patience()
    for _ in range(times):
        patience.learn(took_s)
    return patience


@pytest.mark.parametrize(
    ("took_s", "backlog", "busy", "is_soon"),
    [
        (0.0005, 1, 1, True),
        (0.0005, MAX_BEHIND, 1, True),
        (0.0005, MAX_BEHIND + 1, 1, False),
        (0.0005, MAX_BEHIND + 1, 2, True),
        (0.0005, 1, 0, False),  # nobody is coming
        (PATIENCE_S, 1, 1, False),
        (PATIENCE_S / 3, 2, 1, True),
        (PATIENCE_S / 3, 4, 1, False),
    ],
)
def test_is_soon_taken__by_how_fast_the_next_hop_is(took_s, backlog, busy, is_soon):
    assert known(took_s).is_soon_taken(backlog, busy) is is_soon


def test_unknown_or_lost__nothing_waits():
    assert not Patience().is_soon_taken(1, 1)
    patience = known(0.0005)
    patience.lose()
    assert not patience.is_soon_taken(1, 1)


@pytest.fixture
async def node(sink, monkeypatch):
    """With two idle connections to a next hop that is known to be fast, however slow this machine is."""

    class Fast(Patience):
        def learn(self, took_s):
            super().learn(0.0005)

    monkeypatch.setattr("transport.delivery.pool.Patience", Fast)
    async with Delivering(through(sink, max_messages_per_connection=1000, max_connections=2)) as node:
        for number in range(60):
            node.enqueue(f"first{number}@partner.example")
        await node.until_event(EventId.SEND, 60)
        await node.until(lambda: len(idle(node)) == 2)
        yield node


def idle(node):
    (queue,) = node.queues.all()
    return queue.courier._idle


async def test_fast_next_hop__one_connection_carries_what_comes_together(node, sink):
    for number in range(3):
        node.enqueue(f"r{number}@partner.example")
    assert len(idle(node)) == 1
    await node.until_event(EventId.SEND, 63)
    assert sink.connections == 2


async def test_slow_message_of_a_fast_next_hop__those_behind_take_the_other_connection(node, sink):
    sink.delay("dot", 1.5, times=1)
    for number in range(4):
        node.enqueue(f"r{number}@partner.example")
    assert len(idle(node)) == 1
    # The first is stuck, with the second pipelined behind it.
    await node.until_event(EventId.SEND, 62)
    assert {event.recipient for event in node.spool.events[-2:]} == {"r2@partner.example", "r3@partner.example"}
    await node.until_event(EventId.SEND, 64)
