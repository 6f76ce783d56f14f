"""Servers that refuse, hang up, stay silent or are away: what is tried again, where and when."""

import asyncio

import pytest

from tests.support.delivery import BODY, Delivering, through
from tests.support.sink import Sink
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus


async def test_421_on_a_used_connection__the_message_goes_over_another(sink):
    async with Delivering(through(sink, max_connections=1)) as node:
        node.enqueue("first@partner.example")
        await node.until_event(EventId.SEND)
        sink.reply("mail", "421 4.3.2 closing", times=1)
        node.enqueue("second@partner.example")
        await node.until_event(EventId.SEND, 2)
        assert not node.spool.happened(EventId.DEFER)
    assert sink.connections == 2


async def test_421_on_a_fresh_connection__defers_and_the_queue_waits(sink):
    sink.reply("mail", "421 4.3.2 overloaded", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example")
        event = (await node.until_event(EventId.DEFER))[0]
        assert event.reply == "421 4.3.2 overloaded" and event.detail["phase"] == "mail"
        assert node.snapshot.status == "Retry" and node.snapshot.retry_count == 1
        await node.pass_time(2)
        await node.until_event(EventId.SEND)


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "dot"])
async def test_421__is_not_about_the_message__the_next_exchanger_gets_it(sink, stage):
    sink.reply(stage, "421 4.3.2 shutting down")
    with Sink() as other:
        hosts = (f"{sink.host}:{sink.port}", f"{other.host}:{other.port}")
        async with Delivering(through(sink, smart_hosts=hosts)) as node:
            message = node.enqueue("b@partner.example")
            await node.until_event(EventId.SEND)
            assert not node.spool.happened(EventId.DEFER)
            assert message.recipients[0].attempts == 1
            node.enqueue("c@partner.example")
            await node.until_event(EventId.SEND, 2)
            skipping = node.snapshot.skipping
        assert other.recipients == ["b@partner.example", "c@partner.example"] and not sink.received
        assert f":{sink.port} for another 60 s. Others are used." in skipping
    assert sink.connections == 1  # it is skipped for a while


async def test_421_at_one_recipient__the_others_keep_their_replies(sink):
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="bad@*")
    sink.reply("rcpt", "421 4.3.2 shutting down", recipient="last@*", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", "bad@partner.example", "last@partner.example")
        await node.until_event(EventId.FAIL)
        await node.until_event(EventId.DEFER)
        await node.pass_time(2)
        await node.until_event(EventId.SEND, 2)
        assert len(node.spool.happened(EventId.FAIL)) == 1
    assert sink.recipients == ["b@partner.example", "last@partner.example"]


async def test_421_to_one_message_only__it_waits_by_itself_in_the_end(sink):
    sink.reply("rcpt", "421 4.3.0 go away", recipient="cursed@*")
    async with Delivering(through(sink)) as node:
        cursed = node.enqueue("cursed@partner.example").recipients[0]
        for number in range(3):
            node.enqueue(f"r{number}@partner.example")
        async with asyncio.timeout(30):
            while len(node.spool.happened(EventId.SEND)) < 3:
                await node.pass_time(70)
                await asyncio.sleep(0.1)
        assert cursed.status is RecipientStatus.RETRY and cursed.last_reply == "421 4.3.0 go away"
    assert sorted(sink.recipients) == [f"r{number}@partner.example" for number in range(3)]


async def test_too_many_connections__fewer_are_made_and_it_is_seen_why(sink):
    sink.delay("dot", 0.1)
    async with Delivering(through(sink, max_messages_per_connection=1000)) as node:
        node.enqueue("first@partner.example")
        await node.until_event(EventId.SEND)
        sink.reply("connect", "421 4.7.0 too many connections from you")
        for number in range(40):
            node.enqueue(f"r{number}@partner.example")
        await node.until_event(EventId.SEND, 41, timeout_s=10)
        snapshot = node.snapshot
        assert not node.spool.happened(EventId.DEFER)
        assert snapshot.connection_limit == 1
        assert "too many connections from you" in snapshot.connection_limit_because
    assert len({message.connection for message in sink.received}) == 1


async def test_connectors_ladder__is_the_one_that_counts(sink):
    sink.reply("rcpt", "451 4.3.0 later", recipient="later@*", times=1)
    async with Delivering(through(sink, retry_ladder="7m...")) as node:
        later = node.enqueue("later@partner.example").recipients[0]
        await node.until_event(EventId.DEFER)
        assert later.next_attempt_at == node.clock() + 420
        sink.stop()
        node.enqueue("b@partner.example")
        await node.until(lambda: node.snapshot.next_retry_at)
        assert node.snapshot.next_retry_at == node.clock() + 420


@pytest.mark.parametrize(("stage", "words"), [("data", "closed the connection"), ("dot", "may arrive twice")])
async def test_connection_cut__defers_never_loses(sink, stage, words):
    sink.close_at(stage, times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=BODY + b"x" * 200_000 + b"\r\n")
        event = (await node.until_event(EventId.DEFER))[0]
        assert words in event.reason and event.reply == ""
        await node.pass_time(2)
        await node.until_event(EventId.SEND)


async def test_silent_server__times_out_and_says_so(sink):
    sink.delay("rcpt", 4, times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example")
        event = (await node.until_event(EventId.DEFER))[0]
        assert event.reason == "The server did not answer in time."


async def test_server_down__the_queue_retries_as_a_whole_and_each_message_says_why(sink):
    sink.stop()
    async with Delivering(through(sink)) as node:
        for number in range(3):
            node.enqueue(f"r{number}@partner.example")
        events = await node.until_event(EventId.DEFER, 3)
        assert {event.detail["phase"] for event in events} == {"connect"}
        assert "Connect" in events[0].reason or "refused" in events[0].reason.lower()
        snapshot = node.snapshot
        assert (snapshot.status, snapshot.message_count, snapshot.deferred_count) == ("Retry", 3, 3)
        assert snapshot.next_retry_at == node.clock() + 1
        assert "It is tried again by itself" in snapshot.waiting_because
        await node.pass_time(2)
        await node.until(lambda: node.snapshot.retry_count == 2)
        assert len(node.spool.happened(EventId.DEFER)) == 3  # said once
        sink.start()
        await node.pass_time(2)
        await node.until_event(EventId.SEND, 3)
        assert node.snapshot.retry_count == 0


async def test_5xx_greeting__waits_and_uses_the_next_smart_host(sink):
    with Sink() as other:
        sink.reply("connect", "554 5.3.2 no service")
        hosts = (f"{sink.host}:{sink.port}", f"{other.host}:{other.port}")
        async with Delivering(through(sink, smart_hosts=hosts)) as node:
            node.enqueue("b@partner.example")
            await node.until_event(EventId.SEND)
        assert other.recipients == ["b@partner.example"]


async def test_521_greeting__fails(sink):
    sink.reply("connect", "521 5.3.2 does not accept mail")
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example")
        assert (await node.until_event(EventId.FAIL))[0].reply.startswith("521")


async def test_error_policies__decide_what_a_reply_means(sink):
    sink.reply("rcpt", "550 5.7.1 not now", recipient="policy@*", times=1)
    sink.reply("rcpt", "452 4.2.2 mailbox full", recipient="full@*")
    async with Delivering(through(sink, downgraded_replies=("550 5.7.1",), upgraded_replies=("4.2.2",))) as node:
        node.enqueue("policy@partner.example", "full@partner.example")
        deferred = (await node.until_event(EventId.DEFER))[0]
        assert deferred.recipient == "policy@partner.example" and "takes this failure as passing" in deferred.reason
        failed = (await node.until_event(EventId.FAIL))[0]
        assert failed.recipient == "full@partner.example" and b"Status: 5.2.2" in node.spool.bodies[node.dsns[0].id]
        await node.pass_time(2)
        await node.until_event(EventId.SEND)
