"""What a peer does not offer or take is not sent to it."""

from tests.support.delivery import BODY, Delivering, through
from transport.model.envelope import BodyType
from transport.model.event import EventId


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


async def test_limits_of_the_peer__are_kept(sink):
    sink.extensions = ("PIPELINING", "LIMITS RCPTMAX=150 MAILMAX=10")
    async with Delivering(through(sink)) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(200)))
        await node.until_event(EventId.SEND, 200)
    assert [len(message.rcpt_to) for message in sink.received] == [150, 50]


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
