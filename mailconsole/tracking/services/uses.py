"""How often each object of the configuration decided something, by day: counted from the trails that nodes tell.

A hit is a message that was accepted, or a command that was refused, where the object answered yes. Receive connectors
count the messages they took, send connectors those routed to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Max, Sum

from mailconsole.changes.recorded import ObjectUses, Use
from mailconsole.tracking.models import ObjectUse
from transport.model.event import EventId

RECENT = timedelta(days=30)
_DAY_S = 86_400
_OURS = "receive_connectors"
_LENGTH = 100


class Uses:
    """Sums of one batch."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str, str], list[float]] = {}

    def add(self, event: dict[str, Any]) -> None:
        """An event as JSON has it; anything but a receipt or a refusal is passed over. Never raises for odd values."""
        kind = event.get("e")
        if kind != "RECEIVE" and kind != "REFUSE":
            return
        try:
            self._add(event, event["at"], event.get("detail") or {}, is_receipt=kind == "RECEIVE")
        except (KeyError, TypeError, ValueError, AttributeError, IndexError, OverflowError):
            return  # what can't be read is told of by whoever stores the event

    def _add(self, event: dict[str, Any], at: float, detail: dict[str, Any], *, is_receipt: bool) -> None:
        day = int(at) // _DAY_S * _DAY_S
        if is_receipt and event.get("connector_id"):
            self._count(day, _OURS, event["connector_id"], at)
        for section, object_id, _, answer, *_ in detail.get("trail") or ():
            if answer == "yes" and object_id and section != _OURS:
                self._count(day, section, object_id, at)
        for route in detail.get("routes") or ():
            for connector_id, _, eliminated_because, *_ in route.get("considered") or ():
                if not eliminated_because:
                    self._count(day, "send_connectors", connector_id, at)

    def _count(self, day: int, section: str, object_id: str, at: float) -> None:
        key = day, section, object_id
        sums = self._sums.get(key)
        if sums is None:
            if max(len(section), len(object_id)) <= _LENGTH:
                self._sums[key] = [1, at]
        else:
            sums[0] += 1
            sums[1] = at

    def __iter__(self) -> Iterator[tuple[int, str, str, int, float]]:
        """(first unix second of the day, section, object id, how often, last at), always in one order, so that nodes
        never wait for each other in a circle."""
        for (day, section, object_id), (count, last_at) in sorted(self._sums.items()):
            yield day, section, object_id, int(count), last_at


def object_uses(section: str, object_ids: Collection[str], *, now: datetime) -> ObjectUses:
    """Of those of these objects of a section that ever decided, by id; and since when anything is counted."""
    since = ObjectUse.objects.order_by("day").values_list("day", flat=True).first()
    rows = ObjectUse.objects.filter(section=section, object_id__in=object_ids)
    recent = dict(rows.filter(day__gte=now - RECENT).values_list("object_id").annotate(Sum("count")).order_by())
    whole = rows.values_list("object_id").annotate(Sum("count"), Max("last_at")).order_by()
    return ObjectUses(
        since, {object_id: Use(recent.get(object_id, 0), total, last_at) for object_id, total, last_at in whole}
    )


assert EventId.RECEIVE == "RECEIVE" and EventId.REFUSE == "REFUSE"  # compared with what was decoded, for speed
