"""Messages over real connections to a real sink: what arrives, and what is made of each reply."""

import asyncio

import pytest

from tests.support.delivery import BODY, Delivering, through
from tests.support.sink import Sink
from transport.model.envelope import BodyType
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


async def test_without_pipelining__one_command_at_a_time(sink):
    sink.extensions = ("8BITMIME",)
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="bad@*")
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", "bad@partner.example")
        node.enqueue("bad@partner.example")
        node.enqueue("c@partner.example")
        await node.until_event(EventId.SEND, 2)
        await node.until_event(EventId.FAIL, 2)
    assert sink.recipients == ["b@partner.example", "c@partner.example"]
    assert "RSET" in sink.commands


async def test_helo__where_ehlo_is_unknown(sink):
    sink.reply("ehlo", "502 5.5.2 what?", times=1)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
    assert sink.commands[:2] == ["EHLO relay.test", "HELO relay.test"]
    assert sink.received[0].mail_parameters == ()


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


async def test_limits_of_the_peer__are_kept(sink):
    sink.extensions = ("PIPELINING", "LIMITS RCPTMAX=150 MAILMAX=10")
    async with Delivering(through(sink)) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(200)))
        await node.until_event(EventId.SEND, 200)
    assert [len(message.rcpt_to) for message in sink.received] == [150, 50]


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


async def test_eight_bit_content__only_where_8bitmime_is_offered(sink):
    sink.extensions = ("PIPELINING",)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body="Subject: x\r\n\r\nGrüße\r\n".encode())
        event = (await node.until_event(EventId.FAIL))[0]
        assert event.detail["status"] == "5.6.3" and "8BITMIME" in event.reason
        node.enqueue("c@partner.example", body_type=BodyType.EIGHT_BIT_MIME)  # said so, but is plain ASCII
        await node.until_event(EventId.SEND)
    assert sink.recipients == ["c@partner.example"]


async def test_eight_bit_content__is_declared(sink):
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body="Subject: x\r\n\r\nGrüße\r\n".encode())
        await node.until_event(EventId.SEND)
    assert "BODY=8BITMIME" in sink.received[0].mail_parameters


async def test_smtputf8__never_sent_where_it_is_not_offered(sink):
    sink.extensions = ("PIPELINING", "8BITMIME")
    async with Delivering(through(sink)) as node:
        node.enqueue("günter@partner.example", "plain@partner.example", is_smtputf8=True)
        event = (await node.until_event(EventId.FAIL))[0]
        assert event.recipient == "günter@partner.example" and event.detail["status"] == "5.6.7"
        await node.until_event(EventId.SEND)
        node.enqueue("user@bücher.example", is_smtputf8=True)
        await node.until_event(EventId.SEND, 2)
    assert sink.recipients == ["plain@partner.example", "user@xn--bcher-kva.example"]


async def test_smtputf8__is_passed_on(sink):
    async with Delivering(through(sink)) as node:
        node.enqueue("günter@bücher.example", is_smtputf8=True)
        await node.until_event(EventId.SEND)
    assert sink.recipients == ["günter@bücher.example"]
    assert "SMTPUTF8" in sink.received[0].mail_parameters


async def test_too_large_for_the_peer__fails_without_trying(sink):
    sink.extensions = ("PIPELINING", "SIZE 1000")
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=BODY + b"x" * 2000)
        event = (await node.until_event(EventId.FAIL))[0]
        assert event.detail["status"] == "5.3.4" and "1000 B" in event.reason
    assert not any(command.startswith("MAIL") for command in sink.commands)


async def test_notification_parameters__are_passed_on_where_dsn_is_offered(sink):
    async with Delivering(through(sink)) as node:
        message = node.message("b@partner.example", ret="HDRS", envid="QQ=1", notify=frozenset({"SUCCESS", "FAILURE"}))
        message.recipients[0].orcpt = "rfc822;b+x@partner.example"
        node.queues.enqueue(message, message.recipients)
        await node.until_event(EventId.SEND)
        assert not node.dsns
    assert {"RET=HDRS", "ENVID=QQ+3D1"} <= set(sink.received[0].mail_parameters)
    assert sink.received[0].rcpt_parameters == (("NOTIFY=SUCCESS,FAILURE", "ORCPT=rfc822;b+2Bx@partner.example"),)


async def test_notify_success__where_dsn_is_not_offered__we_say_that_we_relayed_it(sink):
    sink.extensions = ("PIPELINING",)
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", notify=frozenset({"SUCCESS"}))
        await node.until_event(EventId.SEND)
        assert [event.detail["kind"] for event in node.spool.happened(EventId.DSN)] == ["relayed"]
    assert sink.received[0].rcpt_parameters == ((),)


async def test_bare_line_feeds__are_never_emitted(sink):
    async with Delivering(through(sink)) as node:
        node.enqueue("b@partner.example", body=b"Subject: x\r\n\r\nfirst\n.\nQUIT\rlast")
        await node.until_event(EventId.SEND)
    assert sink.received[0].data == b"Subject: x\r\n\r\nfirst\r\n.\r\nQUIT\r\nlast\r\n"


async def test_source_address_and_name__are_the_connectors(sink):
    async with Delivering(through(sink, source_ip_address="127.0.0.9", fqdn="mx.acme.example")) as node:
        node.enqueue("b@partner.example")
        await node.until_event(EventId.SEND)
    assert sink.received[0].peer == "127.0.0.9" and sink.received[0].helo == "mx.acme.example"


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
