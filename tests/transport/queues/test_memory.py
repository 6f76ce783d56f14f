"""A long queue stays on disk: bodies in memory are bounded, and are read when their turn comes."""

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.model.event import EventId


async def test_bodies_beyond_the_budget__are_read_from_the_spool(sink):
    async with Delivering(document(sink), memory_bytes=1000) as node:
        for number in range(100):
            body = b"Subject: %d\r\n\r\n" % number + b"x" * 500 + b"\r\n"
            node.enqueue(f"r{number}@partner.example", body=body)
        assert node.queues.memory_used_bytes < 2000
        await node.until_event(EventId.SEND, 100)
        assert node.queues.memory_used_bytes == 0
    assert {message.data.split(b"\r\n")[0] for message in sink.received} == {b"Subject: %d" % n for n in range(100)}


async def test_recovered_mail__is_delivered_from_the_spool(sink):
    async with Delivering(document(sink)) as node:
        for number in range(50):
            message = node.message(f"r{number}@partner.example")
            message.body = None
            node.queues.enqueue(message, message.recipients)
        await node.until_event(EventId.SEND, 50)


async def test_waiting_for_a_dead_next_hop__holds_no_bodies(sink):
    sink.stop()
    async with Delivering(document(sink)) as node:
        for number in range(20):
            node.enqueue(f"r{number}@partner.example")
        await node.until_event(EventId.DEFER, 20)
        assert node.queues.memory_used_bytes == 0


async def test_message_gone_from_the_spool__does_not_block_the_queue(sink):
    async with Delivering(document(sink)) as node:
        lost = node.message("lost@partner.example")
        lost.body = None
        del node.spool.bodies[lost.id]
        node.queues.enqueue(lost, lost.recipients)
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        assert sink.recipients == ["b@partner.example"] and node.snapshot.message_count == 0
