"""A next hop that fails in every way it can, at random: each recipient gets each message once, whatever happens."""

import asyncio
import random

import pytest

from tests.support.delivery import Delivering
from tests.support.transport import document
from transport.config.objects import AddressSpace, Organization, SendConnector
from transport.delivery import dialogue
from transport.model.outcome import RecipientStatus

REPLIES = [
    ("connect", "421 4.3.2 busy"),
    ("connect", "554 5.3.2 no service"),
    ("ehlo", "421 4.3.2 busy"),
    ("mail", "421 4.3.2 closing"),
    ("mail", "451 4.3.0 later"),
    ("mail", "250-odd\n250 but legal"),
    ("rcpt", "450 4.2.0 later"),
    ("rcpt", "452 4.5.3 too many"),
    ("rcpt", "421 4.3.2 closing"),
    ("data", "451 4.3.0 later"),
    ("data", "421 4.3.2 closing"),
    ("dot", "451 4.3.0 later"),
    ("dot", "421 4.3.2 closing"),
    ("dot", "garbage"),
]
CLOSES = ["connect", "ehlo", "mail", "rcpt", "data", "dot"]


WAYS = {
    "pipelining": ("PIPELINING",),
    "lock-step": (),
    "chunks": ("PIPELINING", "CHUNKING"),
    "chunks in lock-step": ("CHUNKING",),
}


@pytest.mark.parametrize("extensions", WAYS.values(), ids=WAYS)
@pytest.mark.parametrize("seed", range(2))
async def test_chaos__nothing_lost_nothing_twice(sink, seed, extensions, monkeypatch):
    monkeypatch.setattr(dialogue, "CHUNKED_FROM_BYTES", 0)
    chance = random.Random(seed)
    sink.extensions = extensions
    for _ in range(120):
        if chance.random() < 0.3:
            sink.close_at(chance.choice(CLOSES), times=1)
        else:
            stage, reply = chance.choice(REPLIES)
            sink.reply(stage, reply, recipient=f"*{chance.randrange(10)}@*" if stage == "rcpt" else "*", times=1)
    connector = SendConnector(
        id="out",
        name="Out",
        address_spaces=(AddressSpace(domain="*"),),
        smart_hosts=(f"{sink.host}:{sink.port}",),
        max_messages_per_connection=7,
    )
    organization = Organization(hostname="relay.test", retry_ladder="1s...", is_delay_dsn_enabled=False)
    async with Delivering(document(send_connectors=(connector,), organization=organization)) as node:
        messages = [
            node.enqueue(*(f"m{number}r{i}@partner.example" for i in range(chance.randrange(1, 6))))
            for number in range(80)
        ]
        recipients = [recipient for message in messages for recipient in message.recipients]
        for _ in range(600):
            await node.pass_time(2)
            if all(recipient.status.is_final for recipient in recipients):
                break
            await asyncio.sleep(0.02)
        assert {recipient.status for recipient in recipients} == {RecipientStatus.DELIVERED}
        assert sorted(sink.recipients) == sorted(str(recipient.address) for recipient in recipients)
        assert node.snapshot.message_count == 0 and node.queues.memory_used_bytes == 0
        assert node.queues.counters.delivered == len(recipients) and node.queues.counters.failed == 0
