"""A node's connections to all its next hops together are bounded; who finds none is served in turn."""

import asyncio

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.config.objects import AddressSpace, Organization, SendConnector, TlsLevel
from transport.delivery.client import Client
from transport.delivery.outbound import Outbound
from transport.model.event import EventId
from transport.rules import routing
from transport.rules.ruleset import compile_ruleset


def config(sink, connectors, most, **fields):
    made = tuple(
        SendConnector(id=f"c{n}", name=f"C{n}", address_spaces=(AddressSpace(domain=f"d{n}.example"),),
                      smart_hosts=(f"{sink.host}:{sink.port}",), tls_level=TlsLevel.NONE, **fields)
        for n in range(connectors)
    )  # fmt: skip
    organization = Organization(hostname="relay.test", max_outbound_connections=most)
    return document(send_connectors=made, organization=organization)


def hop_of(flow, domain):
    return routing.route(compile_ruleset(flow), domain, size_bytes=1).next_hop


async def test_bound__many_next_hops__take_turns_and_idle_connections_make_room(sink):
    sink.delay("dot", 0.02)
    flow = config(sink, 6, most=2)
    most = 0
    async with Delivering(flow) as node:
        for turn in range(12):
            node.enqueue(f"r{turn}@d{turn % 6}.example", next_hop=hop_of(flow, f"d{turn % 6}.example"))
        pools = [queue.courier for queue in node.queues._queues.values()]
        said = [pool.holding for pool in pools]
        while len(node.spool.happened(EventId.SEND)) < 12:
            open_now: list[int] = [pool.connections + pool.connecting for pool in pools]
            most = max(most, sum(open_now))
            await asyncio.sleep(0.005)
    assert most == 2
    assert len(sink.received) == 12
    assert "All 2 connections that this node may have at once are in use; it waits for its turn." in said


async def test_bound__next_hop_that_is_down__gives_its_room_back(sink):
    flow = config(sink, 3, most=1)
    sink.stop()
    async with Delivering(flow) as node:
        for n in range(3):
            node.enqueue(f"r@d{n}.example", next_hop=hop_of(flow, f"d{n}.example"))
        await node.until_event(EventId.DEFER, 3)
        outbound = next(iter(node.queues._queues.values())).courier._outbound
        await node.until(lambda: outbound.count == 0)


def fill(node, flow, n, count):
    """As a restart does: what waits is only in the spool."""
    for turn in range(count):
        message = node.message(f"r{turn}@d{n}.example", next_hop=hop_of(flow, f"d{n}.example"))
        message.body = None
        node.queues.enqueue(message, message.recipients, is_stored=True)


async def test_bound__queues_that_are_read_from_the_spool__are_connected_to_once_each(sink):
    flow = config(sink, 2, most=1)
    async with Delivering(flow) as node:
        for n in range(2):
            fill(node, flow, n, 12)
        await node.until_event(EventId.SEND, 24)
    assert sink.connections == 2
    assert [address[-10:] for address in sink.recipients] == ["d0.example"] * 12 + ["d1.example"] * 12


@pytest.mark.parametrize("is_read", [True, False])
async def test_bound__queue_without_an_end__makes_room_for_another(sink, is_read):
    flow = config(sink, 2, most=1, max_messages_per_connection=1000)
    async with Delivering(flow) as node:
        if is_read:
            fill(node, flow, 0, 300)
        else:
            for turn in range(300):
                node.enqueue(f"r{turn}@d0.example", next_hop=hop_of(flow, "d0.example"))
        fill(node, flow, 1, 1)
        await node.until_event(EventId.SEND, 301)
    assert 20 <= sink.recipients.index("r0@d1.example") <= 22


@pytest.mark.parametrize("is_pipelining", [True, False])
async def test_bound__next_hop_that_refuses_all_its_mail__makes_room_for_another(sink, is_pipelining):
    sink.reply("rcpt", "550 5.1.1 User unknown", recipient="*@d0.example")
    if not is_pipelining:
        sink.extensions = ()
    flow = config(sink, 2, most=1, max_messages_per_connection=1000)
    async with Delivering(flow) as node:
        for turn in range(300):
            node.enqueue(f"r{turn}@d0.example", next_hop=hop_of(flow, "d0.example"))
        fill(node, flow, 1, 1)
        await node.until_event(EventId.SEND)
    asked = [line for line in sink.commands if line.startswith("RCPT")]
    assert 20 <= next(at for at, line in enumerate(asked) if "d1.example" in line) <= 22


async def test_bound__mail_that_a_connection_was_kept_for_is_taken_away__makes_room(sink, monkeypatch):
    flow = config(sink, 2, most=1)
    async with Delivering(flow) as node:
        monkeypatch.setattr(node.spool, "read_body", lambda message_id: asyncio.sleep(60))
        fill(node, flow, 0, 1)
        (kept,) = node.queues.all()
        await node.until(lambda: kept.courier.idle)
        node.enqueue("r@d1.example", next_hop=hop_of(flow, "d1.example"))
        await asyncio.sleep(0.3)
        assert (kept.courier.idle, sink.connections) == (1, 1)
        assert len(list(kept.take_all())) == 1
        await node.until_event(EventId.SEND)
    assert sink.recipients == ["r@d1.example"]


class Asking:
    idle = 0

    def __init__(self, outbound, needs):
        self.outbound, self.needs, self.taken = outbound, needs, 0

    def wake(self):
        if self.needs and self.outbound.take(self):
            self.needs -= 1
            self.taken += 1

    def spare(self):
        return False


@pytest.mark.parametrize("raised", [False, True])
async def test_turns__one_that_needs_none_any_more__leaves_it_to_the_next(raised):
    outbound = Outbound(1)
    first, lost, last = (Asking(outbound, 1) for _ in range(3))
    for one in (first, lost, last):
        one.wake()
    assert (first.taken, lost.taken, last.taken, outbound.is_short) == (1, 0, 0, True)
    lost.needs = 0
    if raised:
        outbound.bound(2)
    else:
        outbound.release()
    await asyncio.sleep(0)
    assert (last.taken, outbound.is_short) == (1, False)


async def test_turns__who_comes_when_there_is_room__does_not_overtake_who_waited():
    outbound = Outbound(1)
    first, second = Asking(outbound, 2), Asking(outbound, 1)
    first.wake()
    second.wake()
    outbound.release()
    first.wake()
    await asyncio.sleep(0)
    assert (first.taken, second.taken) == (1, 1)
    outbound.release()
    await asyncio.sleep(0)
    assert (first.taken, outbound.is_short) == (2, False)


class Waiting:
    """Takes room when it is its turn; `fails` as often."""

    idle = 0

    def __init__(self, outbound, fails=0):
        self.outbound, self.fails, self.has = outbound, fails, False

    def wake(self):
        if self.fails:
            self.fails -= 1
            raise RuntimeError("something is wrong with its mail")
        self.has = self.outbound.take(self)

    def spare(self):
        return False


async def test_bound__something_is_wrong_with_one_that_waits__the_others_get_their_turn():
    outbound = Outbound(1)
    assert outbound.take(Waiting(outbound))
    wrong, other = Waiting(outbound, fails=1), Waiting(outbound)
    wrong_waits, other_waits = outbound.take(wrong), outbound.take(other)
    assert not wrong_waits and not other_waits
    outbound.release()
    await asyncio.sleep(0)
    assert other.has and outbound.count == 1


async def test_bound__one_message_for_another__not_all_connections_give_way(sink, monkeypatch):
    gave: list[Client] = []
    give_way = Client.give_way

    def counted(client: Client) -> None:
        gave.append(client)
        give_way(client)

    monkeypatch.setattr(Client, "give_way", counted)
    sink.delay("dot", 0.002)
    flow = config(sink, 2, most=4, max_messages_per_connection=1000)
    async with Delivering(flow) as node:
        for turn in range(400):
            node.enqueue(f"r{turn}@d0.example", next_hop=hop_of(flow, "d0.example"))
        await node.until(lambda: len(node.spool.happened(EventId.SEND)) > 120)
        node.enqueue("one@d1.example", next_hop=hop_of(flow, "d1.example"))
        await node.until_event(EventId.SEND, 401)
    assert 1 <= len(gave) <= 2, "the first room may go to who stood in the line before: the same next hop"
