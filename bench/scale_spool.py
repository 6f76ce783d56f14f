"""Fills a spool for bench/scale.py: messages that were tried and wait."""

import asyncio
import time
from pathlib import Path

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.outcome import RecipientStatus
from transport.spool.sqlite_spool import SqliteSpool

NODE = "transport-1"
BODY = b"From: a@acme.example\r\nSubject: A message that waits\r\n\r\n" + b"A line of the message.\r\n" * 40
GROUP = 2000


async def fill(home: Path, count: int) -> None:
    """Messages that were tried three times and wait for their next hop, written through the spool itself."""
    spool = SqliteSpool(home / "nodes" / NODE, node=NODE)
    await spool.start()
    now, hop = time.time(), NextHop(DeliveryType.SMART_HOST_CONNECTOR, "127.0.0.1:1", "out")
    for first in range(0, count, GROUP):
        waiting = [spool.commit(message(spool, n, now, hop), []) for n in range(first, min(first + GROUP, count))]
        await asyncio.gather(*waiting)
    await spool.stop()


def message(spool: SqliteSpool, number: int, now: float, hop: NextHop) -> Message:
    to = Address(f"user{number % 10_000}", "partner.example")
    recipient = Recipient(0, to, to, status=RecipientStatus.RETRY, next_hop=hop, attempts=3)
    recipient.first_attempt_at, recipient.last_attempt_at = now - 600, now - 60
    recipient.next_attempt_at = now + 600 + number % 600
    recipient.last_reason = "The connection was not made: Connection refused."
    return Message(
        id=spool.new_id(),
        envelope_sender=Address("a", "acme.example"),
        recipients=[recipient],
        size_bytes=len(BODY),
        received_at=now - 600,
        expires_at=now + 2 * 86400,
        session_id=f"S{number:012d}",
        peer="127.0.0.1",
        helo="bench.example",
        identity="",
        connector_id="default",
        revision=1,
        internet_message_id=f"<{number}.bench@acme.example>",
        subject="A message that waits",
        body=BODY,
    )
