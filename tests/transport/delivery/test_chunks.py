"""BDAT to peers that offer it: what needs it, what is better off with it, and what becomes of it when it is refused."""

import asyncio
from dataclasses import replace

import pytest

from tests.support.delivery import BODY, FAST, Delivering, through
from transport.delivery import dialogue
from transport.model.envelope import BodyType
from transport.model.event import EventId

BINARY = b"Subject: x\r\nContent-Transfer-Encoding: binary\r\n\r\n\x00\r.\n\r\n.\r\n" + bytes(range(256))
WAYS = [("PIPELINING", "8BITMIME", "CHUNKING", "BINARYMIME"), ("8BITMIME", "CHUNKING", "BINARYMIME")]


def verbs(sink):
    return [command.partition(" ")[0] for command in sink.commands if not command.startswith(("EHLO", "QUIT"))]


@pytest.fixture
def always(monkeypatch):
    """Every message goes in a chunk where the peer takes chunks."""
    monkeypatch.setattr(dialogue, "CHUNKED_FROM_BYTES", 0)


@pytest.mark.parametrize("extensions", WAYS, ids=["pipelining", "lock-step"])
async def test_binary__goes_octet_by_octet(sink, extensions):
    sink.extensions = extensions
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", "c@partner.example", body=BINARY, body_type=BodyType.BINARY_MIME)
        node.enqueue("d@partner.example")
        await node.until_event(EventId.SEND, 3)
    binary = next(message for message in sink.received if "BODY=BINARYMIME" in message.mail_parameters)
    assert binary.data == BINARY and binary.rcpt_to == ("b@partner.example", "c@partner.example")
    assert "BDAT" in verbs(sink) and "DATA" in verbs(sink)


@pytest.mark.parametrize("extensions", [("CHUNKING",), ("BINARYMIME", "8BITMIME"), ()])
async def test_binary__never_sent_where_it_is_not_offered(sink, extensions):
    sink.extensions = extensions
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=BINARY, body_type=BodyType.BINARY_MIME)
        event = (await node.until_event(EventId.FAIL))[0]
        assert event.detail["status"] == "5.6.3" and "BINARYMIME" in event.reason
        assert b"Status: 5.6.3" in node.spool.bodies[node.dsns[0].id]
    assert "MAIL" not in verbs(sink)[:1]


async def test_declared_binary_but_text__goes_where_binarymime_is_not_offered(sink):
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body_type=BodyType.BINARY_MIME)
        await node.until_event(EventId.SEND)
    assert sink.received[0].data == BODY and not any("BODY" in word for word in sink.received[0].mail_parameters)


async def test_large__goes_in_a_chunk_without_dots_stuffed(sink):
    sink.extensions = (*sink.extensions, "CHUNKING")
    body = BODY + b".dots\r\n" * (dialogue.CHUNKED_FROM_BYTES // 7)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=body)
        await node.until_event(EventId.SEND)
    assert sink.received[0].data == body and "DATA" not in verbs(sink)


async def test_bare_line_feeds__are_never_emitted_in_chunks_either(sink, always):
    sink.extensions = ("PIPELINING", "CHUNKING")
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=b"Subject: x\r\n\r\nfirst\n.\nQUIT\rlast")
        await node.until_event(EventId.SEND)
    assert sink.received[0].data == b"Subject: x\r\n\r\nfirst\r\n.\r\nQUIT\r\nlast\r\n"


@pytest.mark.parametrize("extensions", WAYS, ids=["pipelining", "lock-step"])
async def test_nobody_accepted__no_chunk_is_sent_and_the_next_message_goes(sink, always, extensions):
    sink.extensions = extensions
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="bad*@*")
    async with Delivering(through(sink)) as node:
        node.enqueue("bad1@partner.example", "bad2@partner.example")
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        await node.until_event(EventId.FAIL, 2)
    assert verbs(sink).count("BDAT") == 1 and sink.recipients == ["b@partner.example"]


@pytest.mark.parametrize("stage", ["data", "dot"])
@pytest.mark.parametrize("extensions", WAYS, ids=["pipelining", "lock-step"])
async def test_refused_chunk__the_transaction_is_reset_before_the_next(sink, always, extensions, stage):
    sink.extensions = extensions
    sink.reply(stage, "554 5.7.1 no thanks", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("a@partner.example")
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
        failed = await node.until_event(EventId.FAIL)
        assert failed[0].reply == "554 5.7.1 no thanks" and failed[0].detail["phase"] == "dot"
    assert sink.connections == 1 and len(sink.received) == 1


@pytest.mark.parametrize("stage", ["data", "dot"])
async def test_cut_in_a_chunk__defers_and_says_that_it_may_arrive_twice(sink, always, stage):
    sink.extensions = ("PIPELINING", "CHUNKING")
    sink.close_at(stage, times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=BODY + b"x" * 70 + b"\r\n")
        assert "may arrive twice" in (await node.until_event(EventId.DEFER))[0].reason
        await node.pass_time(2)
        await node.until_event(EventId.SEND)
    assert sink.recipients == ["b@partner.example"]


async def test_slow_recipients__each_reply_has_its_time(sink):
    sink.extensions = ()
    sink.delay("rcpt", 0.4)
    times = replace(FAST, mail_s=1, rcpt_s=1)
    async with Delivering(through(sink), timeouts=times) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(5)))
        await node.until_event(EventId.SEND, 5)
    assert len(sink.received) == 1


async def test_late_answer_after_the_dot__is_waited_for_although_the_configuration_changed(sink):
    sink.delay("dot", 1.0, times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until(lambda: any(command == "DATA" for command in sink.commands))
        node.queues.apply(through(sink, max_connections=3))
        await node.until_event(EventId.SEND)
        assert not node.spool.happened(EventId.DEFER)
    assert sink.recipients == ["b@partner.example"]


async def test_stopping__does_not_wait_for_couriers_of_former_configurations(sink):
    sink.delay("dot", 4, times=1)
    async with Delivering(through(sink), timeouts=replace(FAST, dot_s=60)) as node:
        node.enqueue("b@partner.example")
        await node.until(lambda: any(command == "DATA" for command in sink.commands))
        node.queues.apply(through(sink, max_connections=3))
        began = asyncio.get_running_loop().time()
        await node.queues.drain(0.3)
        assert asyncio.get_running_loop().time() - began < 3
        assert "may arrive twice" in (await node.until_event(EventId.DEFER))[0].reason
