"""Which messages an export means, and each with its envelope: asked by id, so that nothing is skipped as mail moves."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from transport.model.envelope import Message, encode_queue_id
from transport.queues.walk import Chosen, SearchTooLong
from transport.rules.replay import replay_header, waiting


@dataclass(frozen=True, slots=True)
class Selection:
    """The first ``ids``, each once, of ``total`` messages; of more where ``is_partial``: the search took too long."""

    total: int
    ids: tuple[int, ...]
    is_partial: bool = False

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        return {"total": self.total, "ids": list(self.ids), "is_partial": self.is_partial}


async def select(matching: AsyncIterator[Chosen], limit: int) -> Selection:
    """A message in several queues counts once."""
    found: dict[int, None] = {}
    is_partial = False
    try:
        async for chosen in matching:
            found[chosen.transaction.message_id] = None
    except SearchTooLong:
        is_partial = True
    return Selection(len(found), tuple(found)[:limit], is_partial)


def envelope_row(message: Message) -> dict[str, Any]:
    """What an export tells of a message beside its octets, as JSON values."""
    return {
        "queue_id": encode_queue_id(message.id),
        "header": replay_header(message).decode(),
        "sender": str(message.envelope_sender),
        "waiting": [str(one.address) for one in waiting(message)],
        "done": sum(one.status.is_final for one in message.recipients),
        "received_at": message.received_at,
        "subject": message.subject,
    }
