"""Messages over real connections to a real sink: what arrives, and what each recipient's reply is made of."""

import asyncio

from tests.support.delivery import BODY, Delivering, through
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus


async def test_message__arrives_octet_for_octet_with_its_envelope(sink):
    async with Delivering(through(sink)) as node:
        message = node.enqueue("b@partner.example", "c@partner.example")
        events = await node.until_event(EventId.SEND, 2)
    received = sink.received[0]
    assert received.data == BODY
    assert received.mail_from == "a@acme.example" and received.rcpt_to == ("b@partner.example", "c@partner.example")
    assert received.helo == "relay.test"
    assert received.mail_parameters == (f"SIZE={len(BODY)}",)
    assert message.recipients[0].status is RecipientStatus.DELIVERED
    assert events[0].reply.startswith("250 2.0.0 ok")
    assert events[0].detail["remote"] == f"127.0.0.1[127.0.0.1]:{sink.port}"
    assert node.queues.counters.delivered == 2


async def test_many_messages__go_pipelined_over_few_connections(sink):
    async with Delivering(through(sink, max_messages_per_connection=1000)) as node:
        for number in range(300):
            node.enqueue(f"r{number}@partner.example")
        await node.until_event(EventId.SEND, 300)
    assert sorted(sink.recipients) == sorted(f"r{number}@partner.example" for number in range(300))
    assert sink.connections <= 20


async def test_connection__is_given_up_after_its_messages(sink):
    async with Delivering(through(sink, max_messages_per_connection=2, max_connections=1)) as node:
        for number in range(5):
            node.enqueue(f"r{number}@partner.example")
        await node.until_event(EventId.SEND, 5)
    assert sink.connections == 3
    await asyncio.to_thread(sink.wait_until, lambda: sink.commands.count("QUIT") == 3)


async def test_replies_for_each_recipient__are_its_own(sink):
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="bad@*")
    sink.reply("rcpt", "451 4.2.0 later", recipient="later@*")
    async with Delivering(through(sink)) as node:
        message = node.enqueue("ok@partner.example", "bad@partner.example", "later@partner.example")
        await node.until_event(EventId.FAIL)
        ok, bad, later = message.recipients
        assert (ok.status, bad.status, later.status) == (
            RecipientStatus.DELIVERED, RecipientStatus.FAILED, RecipientStatus.RETRY,
        )  # fmt: skip
        assert later.next_attempt_at == node.clock() + 1  # the first wait of the ladder in this test
        assert node.spool.happened(EventId.DEFER)[0].detail["phase"] == "rcpt"
        assert len(node.dsns) == 1
        sink.behave()
        await node.pass_time(2)
        await node.until(lambda: later.status is RecipientStatus.DELIVERED)
    assert sink.recipients == ["ok@partner.example", "later@partner.example"]


async def test_everybody_refused_but_data_accepted__sends_nothing_and_goes_on(sink):
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="bad@*")
    sink.reply("mail", "550 5.7.1 not you", times=1)
    async with Delivering(through(sink, max_connections=1)) as node:
        node.enqueue("x@partner.example")
        await node.until_event(EventId.FAIL)
        node.enqueue("bad@partner.example")
        node.enqueue("good@partner.example")
        await node.until_event(EventId.SEND)
        assert len(node.spool.happened(EventId.FAIL)) == 2
    assert sink.recipients == ["good@partner.example"]


async def test_too_many_recipients__the_rest_goes_at_once(sink):
    for number in range(3, 8):
        sink.reply("rcpt", "452 4.5.3 too many recipients", recipient=f"r{number}@*", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(8)))
        await node.until_event(EventId.SEND, 8)
        assert not node.spool.happened(EventId.DEFER)
    assert [len(message.rcpt_to) for message in sink.received] == [3, 5]


async def test_552_at_rcpt__is_no_failure(sink):
    sink.reply("rcpt", "552 too many recipients", recipient="r1@*", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("r0@partner.example", "r1@partner.example")
        await node.until_event(EventId.SEND, 2)
        assert not node.spool.happened(EventId.FAIL)


async def test_more_than_a_hundred_recipients__are_split(sink):
    async with Delivering(through(sink)) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(250)))
        await node.until_event(EventId.SEND, 250)
    assert [len(message.rcpt_to) for message in sink.received] == [100, 100, 50]


async def test_message_rate__is_kept_and_said_to_be_what_holds(sink):
    async with Delivering(through(sink, message_rate_limit_per_min=60)) as node:
        for number in range(12):
            node.enqueue(f"r{number}@partner.example")
        await node.until_event(EventId.SEND, 5)
        began = asyncio.get_running_loop().time()
        assert "at most 60 messages a minute" in node.snapshot.waiting_because
        await node.until_event(EventId.SEND, 8)
        assert 1.5 < asyncio.get_running_loop().time() - began < 5
        assert len(sink.received) < 12 and not node.spool.happened(EventId.DEFER)


async def test_source_address_and_name__are_the_connectors(sink):
    async with Delivering(through(sink, source_ip_address="127.0.0.9", fqdn="mx.acme.example")) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
    assert sink.received[0].peer == "127.0.0.9" and sink.received[0].helo == "mx.acme.example"
