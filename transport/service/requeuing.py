"""Mail that enters its queues again: found in the spool at start, or to be routed under another configuration. In
small steps, beside new mail."""

from __future__ import annotations

import asyncio
import gc
from collections.abc import Sequence

import structlog

from transport.model.envelope import Message, Recipient
from transport.queues.rerouting import Rerouted
from transport.service.parts import Parts

STEP = 100
log = structlog.get_logger(__name__)


def recover(parts: Parts, messages: Sequence[Message]) -> None:
    """Queue what was found in the spool, but for what a peer delivered while we were away."""
    for message in messages:
        if parts.spool.holds(message.id) and not parts.shadow.is_redirected(message.id):
            _recover(parts, message)


def _recover(parts: Parts, message: Message) -> None:
    try:
        parts.intake.recover(message)
    except Exception:  # what is wrong with one must not keep all the others out of their queues
        log.exception("queue.message_not_recovered", queue_id=message.queue_id)


async def read_on(parts: Parts) -> None:
    """Queue what a long spool still holds, then go on with what was ordered about it."""
    async for messages in parts.spool.more():
        for first in range(0, len(messages), STEP):
            recover(parts, messages[first : first + STEP])
            await asyncio.sleep(0)
        # What waits is no garbage: a collector that looked at a million messages would stop the loop for a second.
        gc.freeze()
    parts.queues.look_for_orphans()
    parts.shadow.all_read()
    await parts.control.take_up()


async def route_again(parts: Parts, leaving: Rerouted) -> None:
    """Decide anew about mail that left its queues."""
    for some in leaving:
        for message, recipients in some:
            _decide_again(parts, message, recipients)
        await asyncio.sleep(0)


def _decide_again(parts: Parts, message: Message, recipients: Sequence[Recipient]) -> None:
    try:
        parts.intake.decide_again(message, recipients)
    except Exception:  # what is wrong with one must not keep all the others out of their queues
        log.exception("queue.message_not_routed_again", queue_id=message.queue_id)
