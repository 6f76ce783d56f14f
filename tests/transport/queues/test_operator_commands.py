"""Suspend, resume, retry: what they do to the queue, to the spool, and after a restart."""

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus
from transport.queues.manager import UnknownQueue


async def test_suspend__holds_mail_and_says_so_in_the_spool(sink):
    async with Delivering(document(sink)) as node:
        sink.stop()
        message = node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        assert node.queues.suspend(str(node.hop())) == 1
        sink.start()
        await node.pass_time(60)
        assert node.snapshot.status == "Suspended" and "Resume" in node.snapshot.waiting_because
        assert node.spool.state_of(message.recipients[0]).status is RecipientStatus.SUSPENDED
        later = node.enqueue("c@partner.example")
        assert later.recipients[0].status is RecipientStatus.SUSPENDED
        assert [event.recipient for event in node.spool.happened(EventId.SUSPEND)] == [
            "b@partner.example",
            "c@partner.example",
        ]
        assert not sink.received
        assert node.queues.resume(str(node.hop())) == 2
        await node.until_event(EventId.SEND, 2)
        assert len(node.spool.happened(EventId.RESUME)) == 2


async def test_suspended__survives_a_restart(sink):
    async with Delivering(document(sink)) as node:
        message = node.message("b@partner.example")
        message.recipients[0].status = RecipientStatus.SUSPENDED
        message.body = None
        node.queues.enqueue(message, message.recipients)
        assert node.snapshot.status == "Suspended" and node.snapshot.message_count == 1
        assert node.queues.resume(str(node.hop())) == 1
        await node.until_event(EventId.SEND)


async def test_suspended__does_not_expire(sink):
    async with Delivering(document(sink)) as node:
        node.enqueue("first@partner.example")
        await node.until_event(EventId.SEND)
        node.queues.suspend(str(node.hop()))
        node.enqueue("b@partner.example")
        await node.pass_time(3 * 86400)
        assert not node.spool.happened(EventId.EXPIRE)
        assert node.snapshot.message_count == 1


async def test_retry__tries_at_once_what_waits(sink):
    async with Delivering(document(sink)) as node:
        sink.reply("rcpt", "451 4.3.0 later", times=1)
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        assert node.queues.retry(str(node.hop())) == 1
        await node.until_event(EventId.SEND)


async def test_retry__queue_whose_next_hop_was_down(sink):
    async with Delivering(document(sink)) as node:
        sink.stop()
        node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        sink.start()
        assert node.queues.retry(str(node.hop())) == 1
        await node.until_event(EventId.SEND)


@pytest.mark.parametrize("key", ["SmartHostConnectorDelivery/out/nowhere", "nonsense", ""])
async def test_unknown_queue__is_refused(sink, key):
    async with Delivering(document(sink)) as node:
        for command in (node.queues.retry, node.queues.suspend, node.queues.resume):
            with pytest.raises(UnknownQueue):
                command(key)


async def test_messages__are_listed_with_what_they_wait_for(sink):
    async with Delivering(document(sink)) as node:
        sink.reply("rcpt", "451 4.3.0 later")
        node.enqueue("b@partner.example", subject="Hello")
        await node.until_event(EventId.DEFER)
        (listed,) = node.queues.messages(str(node.hop()), 10)
        assert listed.recipients == ("b@partner.example",) and listed.status is RecipientStatus.RETRY
        assert listed.last_error == "451 4.3.0 later" and listed.next_attempt_at == node.clock() + 1
        assert node.queues.messages(str(node.hop()), 0) == []
