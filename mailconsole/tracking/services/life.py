"""Everything that was told of a message: what came with its receipt, then what came later."""

from __future__ import annotations

from typing import Any

from mailconsole.tracking.models import Message, TrackingEvent
from mailconsole.tracking.services.rows import EVENT_COLUMNS, event_values
from mailconsole.tracking.services.stamps import moment
from transport.model import compact_json
from transport.model import event as engine


def events_of(message: Message, *, limit: int) -> list[TrackingEvent]:
    """Up to `limit` events in their order; those that came with the receipt are not saved as rows."""
    lines = (message.life or "").split("\n", limit)[:limit]
    first = [_event(message.pk, message.pk + index, line) for index, line in enumerate(lines) if line]
    return [*first, *message.events.all()[: limit - len(first)]]


def _event(message_key: int, key: int, line: str) -> TrackingEvent:
    told = engine.TrackingEvent.from_json(line)
    values = event_values(key, message_key, told, moment(told.at))
    return TrackingEvent(**dict(zip(EVENT_COLUMNS, values, strict=True)))


def receipt_detail(life: str) -> dict[str, Any]:
    """What the RECEIVE in a message's `life` says in detail."""
    detail: dict[str, Any] = compact_json.decode(life.partition("\n")[0]).get("detail") or {}
    return detail
