"""Notifications are on disk before a recipient becomes final, and are never made about notifications."""

import asyncio

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.config.objects import Organization
from transport.model.event import EventId
from transport.model.outcome import Outcome, OutcomeKind, Phase, RecipientStatus
from transport.model.reply import Reply
from transport.model.ruled import Notice, Told
from transport.queues import notifier


async def test_failure__the_notification_is_committed_first(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(document(sink)) as node:
        message = node.enqueue("b@partner.example")
        await node.until_event(EventId.FAIL)
        order = [event.event for event in node.spool.events]
        assert order == [EventId.RECEIVE, EventId.DSN, EventId.FAIL]
        dsn = node.dsns[0]
        assert dsn.envelope_sender.is_null and dsn.is_dsn
        assert str(dsn.recipients[0].address) == "a@acme.example"
        assert dsn.size_bytes == len(node.spool.bodies[dsn.id])
        assert message.recipients[0].status is RecipientStatus.FAILED


async def test_spool_fails__the_recipient_is_not_final_and_it_is_tried_again(sink, monkeypatch):
    monkeypatch.setattr(notifier, "TRY_AGAIN_S", 0.05)
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(document(sink)) as node:
        node.spool.is_failing = True
        message = node.enqueue("b@partner.example")
        await node.until(lambda: any(command.startswith("RCPT") for command in sink.commands))
        await asyncio.sleep(0.1)
        assert not node.spool.happened(EventId.FAIL)
        assert not message.recipients[0].status.is_final
        node.spool.is_failing = False
        await node.until_event(EventId.FAIL)
        assert len(node.dsns) == 1


async def test_no_notification__about_the_null_sender(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(document(sink)) as node:
        message = node.enqueue("b@partner.example", sender="")
        await node.until_event(EventId.FAIL)
        assert not node.dsns and message.recipients[0].status is RecipientStatus.FAILED


async def test_no_notification__about_a_notification(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example", is_dsn=True)
        await node.until_event(EventId.FAIL)
        assert not node.dsns


async def test_fail__by_the_categorizer__tells_the_sender(sink):
    async with Delivering(document(sink)) as node:
        message = node.message("b@partner.example")
        outcome = Outcome(OutcomeKind.FAILED, Phase.ROUTING, Reply(550, "5.3.4", "Message too big"), "Too large.")
        node.queues.fail(message, [(message.recipients[0], outcome)])
        event = (await node.until_event(EventId.FAIL))[0]
        assert event.reason == "Too large."
        assert b"Status: 5.3.4" in node.spool.bodies[node.dsns[0].id]


async def test_several_failures_of_a_message__are_one_notification(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(document(sink)) as node:
        node.enqueue(*(f"r{number}@partner.example" for number in range(5)))
        await node.until_event(EventId.FAIL, 5)
        assert len(node.dsns) == 1
        assert node.spool.bodies[node.dsns[0].id].count(b"Final-Recipient:") == 5


def reporting(sink, **fields):
    return document(sink, organization=Organization(hostname="relay.test", retry_ladder="1s...", **fields))


async def test_storm__a_sender_gets_so_many_and_the_rest_is_seen_as_suppressed(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(reporting(sink, dsn_rate_limit_per_sender_per_hour=2)) as node:
        messages = [node.enqueue("b@partner.example") for _ in range(5)]
        node.enqueue("b@partner.example", sender="other@acme.example")
        await node.until_event(EventId.FAIL, 6)
        assert len(node.dsns) == 3 and node.queues.dsn_suppressed == 3
        event = node.spool.happened(EventId.SUPPRESSED)[0]
        assert "at most 2 notifications an hour" in event.reason and event.recipient == "b@partner.example"
        assert all(message.recipients[0].status is RecipientStatus.FAILED for message in messages)
        await node.pass_time(3600)
        node.enqueue("b@partner.example")
        await node.until(lambda: len(node.dsns) == 4)


async def test_storm__of_notices_that_strangers_mail_causes__takes_no_report_away(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(reporting(sink, dsn_rate_limit_per_sender_per_hour=2)) as node:
        told = node.message("a@acme.example", sender="stranger@x.example")
        whom = [one.address for one in told.recipients]
        for _ in range(3):
            node.queues.tell_by_rules(told, [Notice("R", "Look out", tuple(whom), Told.RECIPIENTS)])
        assert len(node.spool.happened(EventId.SUPPRESSED)) == 1
        notices = len(node.dsns)
        node.enqueue("b@partner.example", sender="a@acme.example")
        await node.until(lambda: len(node.dsns) == notices + 1)


async def test_storm__a_node_makes_so_many_a_minute_and_the_rest_waits(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(reporting(sink, dsn_rate_limit_per_min=60)) as node:
        began = asyncio.get_running_loop().time()
        for number in range(12):
            node.enqueue("b@partner.example", sender=f"s{number}@acme.example")
        await node.until_event(EventId.FAIL, 8)
        assert asyncio.get_running_loop().time() - began > 1.9  # six may go at once, then one a second
        assert node.queues.dsn_suppressed == 0


async def test_copy__the_postmaster_gets_one_of_what_is_listed(sink):
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="unknown@*")
    sink.reply("rcpt", "550 5.2.2 full", recipient="full@*")
    config = reporting(sink, generate_copy_of_dsn_for=("5.1.1",), postmaster_address="help@acme.example")
    async with Delivering(config) as node:
        node.enqueue("unknown@partner.example")
        node.enqueue("full@partner.example")
        node.enqueue("unknown@partner.example", sender="help@acme.example")
        await node.until_event(EventId.FAIL, 3)
    to = [sorted(str(recipient.address) for recipient in one.recipients) for one in node.dsns]
    assert sorted(to) == [["a@acme.example"], ["a@acme.example", "help@acme.example"], ["help@acme.example"]]


async def test_own_text__stands_instead_of_our_words_for_its_status_alone(sink):
    sink.reply("rcpt", "550 5.1.1 unknown", recipient="unknown@*")
    sink.reply("rcpt", "550 5.2.2 full", recipient="full@*")
    config = reporting(sink, system_messages=("5.1.1 Call Anna, phone 4711; she knows.",))
    async with Delivering(config) as node:
        node.enqueue("unknown@partner.example")
        node.enqueue("full@partner.example")
        await node.until(lambda: len(node.dsns) == 2)
    unknown, full = sorted((node.spool.bodies[one.id] for one in node.dsns), key=lambda body: b"5.2.2" in body)
    assert b"  Call Anna, phone 4711; she knows.\r\n" in unknown
    assert b"The address does not exist." not in unknown
    assert b"The recipient's mailbox is full." in full
    assert b"Anna" not in full


async def test_language__is_the_organisations(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    async with Delivering(reporting(sink, dsn_language="de")) as node:
        node.enqueue("b@partner.example", subject="Scan 17")
        await node.until(lambda: node.dsns)
        assert node.dsns[0].subject == "Unzustellbar: Scan 17"
        assert b"Content-Language: de" in node.spool.bodies[node.dsns[0].id]


async def test_report_with_eight_bit_content__reaches_a_peer_without_8bitmime_all_the_same(sink):
    sink.extensions = ("PIPELINING",)
    body = "Subject: x\r\n\r\nGr\u00fc\u00dfe\r\n".encode("latin-1")
    async with Delivering(document(sink)) as node:
        node.enqueue("b@partner.example", body=body)  # cannot go on
        await node.until(lambda: node.dsns)
        report = node.dsns[0]
        assert "Grüße".encode("latin-1") in node.spool.bodies[report.id]
        report.body = node.spool.bodies[report.id]
        for recipient in report.recipients:
            recipient.next_hop = node.hop()
        node.queues.enqueue(report, report.recipients)
        await node.until_event(EventId.SEND)
    assert sink.received[0].mail_from == "" and sink.received[0].data.isascii()
    assert b"Status: 5.6.3" in sink.received[0].data and b"Subject: x" in sink.received[0].data


async def test_remote_domain__that_gets_no_reports__is_not_told_and_the_trace_says_so(sink):
    sink.reply("rcpt", "550 5.1.1 unknown")
    remote = {"id": "out", "name": "Out", "domain": "out.example", "is_ndr_enabled": False}
    flow = document(sink)
    flow = type(flow).model_validate(dict(flow) | {"remote_domains": (remote,)})
    async with Delivering(flow) as node:
        node.enqueue("b@partner.example", sender="a@out.example")
        await node.until_event(EventId.FAIL)
        assert not node.dsns
        assert "Remote domain Out" in node.spool.happened(EventId.SUPPRESSED)[0].reason
