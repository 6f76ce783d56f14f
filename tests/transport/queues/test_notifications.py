"""Notifications are on disk before a recipient becomes final, and are never made about notifications."""

import asyncio

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.model.event import EventId
from transport.model.outcome import Outcome, OutcomeKind, Phase, RecipientStatus
from transport.model.reply import Reply
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
