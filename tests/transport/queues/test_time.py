"""What time does to waiting mail: the ladder, expiry, delays told once, and what a restart remembers."""

from email import message_from_bytes
from typing import Any

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.config.objects import AcceptedDomain, Organization
from transport.model.event import EventId
from transport.model.outcome import RecipientStatus


def config(sink, **fields):
    base = {"hostname": "relay.test", "retry_ladder": "1m*2, 5m..."} | fields
    return document(sink, organization=Organization(**base))


async def test_ladder__each_wait_in_turn(sink):
    sink.reply("rcpt", "451 4.3.0 later")
    async with Delivering(config(sink)) as node:
        node.enqueue("b@partner.example")
        for number, wait in enumerate((60, 60, 300, 300), start=1):
            event = (await node.until_event(EventId.DEFER, number))[-1]
            assert event.detail["next_attempt_at"] == node.clock() + wait
            assert event.detail["attempt"] == number
            await node.pass_time(wait - 1)
            assert len(node.spool.happened(EventId.DEFER)) == number
            await node.pass_time(1)


async def test_expiry__gives_up_with_447_and_tells_the_sender(sink):
    sink.reply("rcpt", "451 4.3.0 later")
    async with Delivering(config(sink, is_delay_dsn_enabled=False)) as node:
        message = node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        await node.pass_time(2 * 86400 + 1)
        event = (await node.until_event(EventId.EXPIRE))[0]
        assert event.detail["status"] == "4.4.7" and message.recipients[0].status is RecipientStatus.FAILED
        notification: Any = message_from_bytes(node.spool.bodies[node.dsns[0].id])
        status = notification.get_payload()[1].get_payload()
        assert status[1]["Status"] == "4.4.7" and status[1]["Action"] == "failed"
        assert status[1]["Diagnostic-Code"] == "smtp; 451 4.3.0 later"
        assert node.queues.counters.failed == 1
        assert node.snapshot.message_count == 0


async def test_last_try__is_at_expiry_and_ends_with_447(sink):
    sink.reply("rcpt", "451 4.3.0 later")
    async with Delivering(config(sink, retry_ladder="1h...", message_expiration_timeout=120)) as node:
        node.enqueue("b@partner.example")
        assert (await node.until_event(EventId.DEFER))[0].detail["next_attempt_at"] == node.clock() + 120
        await node.pass_time(120)
        event = (await node.until_event(EventId.EXPIRE))[0]
        assert event.detail["status"] == "4.4.7" and event.reply == "451 4.3.0 later"
        assert event.detail["attempt"] == 2 and len(node.dsns) == 1


async def test_expiry__while_the_next_hop_is_down(sink):
    sink.stop()
    async with Delivering(config(sink, is_delay_dsn_enabled=False)) as node:
        node.enqueue("b@partner.example", "c@partner.example")
        await node.until_event(EventId.DEFER, 2)
        await node.pass_time(2 * 86400 + 1)
        await node.until_event(EventId.EXPIRE, 2)
        assert len(node.dsns) == 1


async def test_delay__is_told_once(sink):
    sink.reply("rcpt", "451 4.3.0 later")
    async with Delivering(config(sink)) as node:
        message = node.enqueue("b@partner.example")
        await node.until_event(EventId.DEFER)
        await node.pass_time(4 * 3600 - 1)
        assert not node.dsns
        await node.pass_time(1)
        await node.until(lambda: node.dsns)
        await node.pass_time(3600)
        await node.until_event(EventId.DEFER, 3)
        assert len(node.dsns) == 1
        assert node.spool.state_of(message.recipients[0]).is_delay_dsn_sent
        told = node.spool.happened(EventId.DSN)[0]
        assert told.message_id == message.id and told.detail == {"kind": "delayed", "dsn_message_id": node.dsns[0].id}


async def test_delay__not_where_it_is_disabled_or_never_wanted(sink):
    sink.reply("rcpt", "451 4.3.0 later")
    async with Delivering(config(sink)) as node:
        node.enqueue("b@partner.example", notify=frozenset({"NEVER"}))
        node.enqueue("c@partner.example", sender="")
        await node.until_event(EventId.DEFER, 2)
        await node.pass_time(5 * 3600)
        assert not node.dsns


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("is_internal_delay_dsn_enabled", "somebody@elsewhere.example"),
        ("is_external_delay_dsn_enabled", "a@acme.example"),
    ],
)
async def test_delay__is_not_told_to_those_who_are_not_to_hear(sink, setting, told):
    sink.reply("rcpt", "451 4.3.0 later")
    organization = Organization(hostname="relay.test", **{setting: False})
    acme = AcceptedDomain(id="acme", name="Acme", domain="acme.example")
    async with Delivering(document(sink, organization=organization, accepted_domains=(acme,))) as node:
        for sender in ("a@acme.example", "somebody@elsewhere.example"):
            node.enqueue("b@partner.example", sender=sender)
        await node.until_event(EventId.DEFER, 2)
        await node.pass_time(4 * 3600)
        await node.until(lambda: node.dsns)
        await node.pass_time(3600)
        assert [str(one.recipients[0].address) for one in node.dsns] == [told]


async def test_restart__deferred_mail_waits_for_its_time(sink):
    async with Delivering(config(sink)) as node:
        message = node.message("b@partner.example", "c@partner.example")
        message.body = None
        waiting, ready = message.recipients
        waiting.status, waiting.attempts, waiting.next_attempt_at = RecipientStatus.RETRY, 3, node.clock() + 100
        waiting.last_reply = "451 4.3.0 later"
        node.queues.enqueue(message, message.recipients)
        await node.until_event(EventId.SEND)
        assert sink.recipients == ["c@partner.example"]
        assert node.snapshot.deferred_count == 1 and node.snapshot.last_reply == "451 4.3.0 later"
        await node.pass_time(101)
        await node.until_event(EventId.SEND, 2)
        assert ready.status is waiting.status is RecipientStatus.DELIVERED
