"""Mail in queues whose connector is gone: each recipient is routed again, once for each configuration."""

import asyncio
import contextlib

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.config.objects import AddressSpace, SendConnector
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus


def gone(node, domain="x.example"):
    """A next hop whose connector is in no configuration."""
    return type(node.hop())(node.hop().delivery_type, domain, "gone")


def rerouted(node):
    return [str(one.address) for _, recipients in node.rerouted for one in recipients]


def smart_host(connector_id, port):
    space = (AddressSpace(domain="*"),)
    hosts = (f"127.0.0.1:{port}",)
    return SendConnector(id=connector_id, name=connector_id, address_spaces=space, smart_hosts=hosts, tls_level="none")


@contextlib.asynccontextmanager
async def slow(after_dot):
    """A server that thinks after the dot until it is told to go on, then says ``after_dot``, or hangs up."""
    go_on = asyncio.Event()

    async def serve(reader, writer):
        with contextlib.suppress(ConnectionError):
            writer.write(b"220 slow\r\n")
            is_content = False
            while line := await reader.readline():
                if is_content and line == b".\r\n":
                    await go_on.wait()
                    if not after_dot:
                        break
                    is_content = False
                    writer.write(after_dot)
                elif not is_content:
                    is_content = line.upper().startswith(b"DATA")
                    writer.write(b"354 go\r\n" if is_content else b"250 ok\r\n")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], go_on


@pytest.mark.parametrize("after_dot", [b"451 4.3.0 later\r\n", b""])
async def test_connector_gone_while_it_delivers__what_comes_back_is_routed_again(after_dot):
    async with slow(after_dot) as (port, go_on):
        old, new = smart_host("old", port), smart_host("new", 9)
        async with Delivering(document(send_connectors=(old,))) as node:
            node.enqueue("b@partner.example")
            (queue,) = node.queues.all()
            await node.until(lambda: queue.active)
            assert [some for some in node.queues.apply(document(send_connectors=(new,))) if some] == []
            await asyncio.sleep(0.05)
            assert not node.rerouted
            go_on.set()
            await node.until(lambda: node.rerouted)
            assert rerouted(node) == ["b@partner.example"] and not queue


async def test_connector_gone_while_it_delivers__what_was_taken_is_not_routed_again():
    async with slow(b"250 taken\r\n") as (port, go_on):
        old, new = smart_host("old", port), smart_host("new", 9)
        async with Delivering(document(send_connectors=(old,))) as node:
            node.enqueue("b@partner.example")
            await node.until(lambda: node.queues.all()[0].active)
            list(node.queues.apply(document(send_connectors=(new,))))
            go_on.set()
            await node.until_event(EventId.SEND)
            await asyncio.sleep(0.1)
            assert not node.rerouted


async def test_enters_a_queue_whose_connector_went__is_routed_again(sink):
    """It was decided under the former configuration, and committed under this one."""
    sink.stop()
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        former = node.hop()
        list(node.queues.apply(document(sink, send_connectors=())))
        node.enqueue("c@partner.example", next_hop=former)
        await node.until(lambda: node.rerouted)
        assert rerouted(node) == ["c@partner.example"]


async def test_due_in_a_queue_whose_connector_went__is_routed_again(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example", next_hop=gone(node))
        await node.until(lambda: node.rerouted)
        late = node.message("c@partner.example", next_hop=gone(node))
        late.recipients[0].status, late.recipients[0].next_attempt_at = RecipientStatus.RETRY, node.clock.now + 60
        node.queues.enqueue(late, late.recipients)
        await node.pass_time(61)
        await node.until(lambda: len(node.rerouted) == 2)


async def test_two_next_hops_of_a_connector_that_is_gone__both_are_routed_again(sink):
    async with Delivering(document(sink)) as node:
        message = node.message("b@x.example", "c@y.example")
        message.recipients[0].next_hop, message.recipients[1].next_hop = gone(node), gone(node, "y.example")
        node.queues.enqueue(message, message.recipients)
        await node.until(lambda: len(node.rerouted) == 2)
        assert sorted(rerouted(node)) == ["b@x.example", "c@y.example"] and not any(map(len, node.queues.all()))


async def test_two_states_in_one_queue__both_are_routed_again_and_neither_in_a_circle(sink):
    async with Delivering(document(sink)) as node:
        message = node.message("b@x.example", "c@x.example", next_hop=gone(node))
        second = message.recipients[1]
        second.status, second.attempts, second.next_attempt_at = RecipientStatus.RETRY, 1, node.clock.now + 60
        node.queues.enqueue(message, message.recipients)
        await node.until(lambda: node.rerouted)
        assert sorted(rerouted(node)) == ["b@x.example", "c@x.example"]
        node.queues.enqueue(message, message.recipients)
        await node.pass_time(61)
        await asyncio.sleep(0.02)
        assert len(rerouted(node)) == 2 and node.queues.all()[0].waiting.ready_count == 2


async def test_one_cannot_be_routed_again__the_others_are(sink):
    async with Delivering(document(sink)) as node:
        seen = []

        def reroute(message, recipients):
            seen.append(message.id)
            if len(seen) == 1:
                raise RuntimeError("a fault of our own")

        node.queues._reroute = reroute
        expected = [node.enqueue("b@x.example", next_hop=gone(node)).id for _ in range(3)]
        await node.until(lambda: len(seen) == 3)
        assert seen == expected
