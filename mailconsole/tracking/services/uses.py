"""How often each object of the configuration decided something, by day: counted from the trails that nodes tell.

A hit is a message that was accepted, or a command that was refused, where the object answered yes. Receive connectors
count the messages they took, send connectors those routed to them, address rewrite entries those they changed as well.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.db.models import Max, Sum

from mailconsole.changes.recorded import ObjectUses, Use
from mailconsole.tracking.models import ObjectUse
from mailconsole.tracking.services.rows import clip
from transport.model.event import EventId, TrackingEvent

RECENT = timedelta(days=30)
_DAY_S = 86_400
_OURS = "receive_connectors"
_LENGTH = 100

Hits: TypeAlias = tuple[tuple[str, str], ...]
"""(section, object id) of what answered yes."""


def hits_of(detail: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(section, object id) of what answered yes, by the detail of a receipt or refusal. Raises what odd values raise:
    KeyError, TypeError, ValueError, AttributeError."""
    for section, object_id, _, answer, *_ in detail.get("trail") or ():
        if answer == "yes" and object_id and section != _OURS and max(len(section), len(object_id)) <= _LENGTH:
            yield section, object_id
    for object_id in detail.get("rewritten_by") or ():
        if len(object_id) <= _LENGTH:
            yield "address_rewriting", object_id
    for route in detail.get("routes") or ():
        for connector_id, _, eliminated_because, *_ in route.get("considered") or ():
            if not eliminated_because and len(connector_id) <= _LENGTH:
                yield "send_connectors", connector_id


class Uses:
    """Sums of one batch."""

    def __init__(self) -> None:
        self._sums: dict[tuple[int, str, str], list[float]] = {}

    def add(self, event: TrackingEvent) -> None:
        """Anything but a receipt, a refusal or a rewriting is passed over. Never raises for odd values."""
        is_told = event.event is EventId.RECEIVE or event.event is EventId.REFUSE
        if not is_told and "rewritten_by" not in event.detail:
            return
        connector_id = event.connector_id if event.event is EventId.RECEIVE else ""
        try:
            self.count(hits_of(event.detail), connector_id, event.at, 1)
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            return  # what can't be read is told of by whoever stores the event

    def count(self, hits: Iterable[tuple[str, str]], connector_id: str, last_at: float, times: int) -> None:
        """Receipts of one receive connector on one day, so many; without one for refusals. Raises what ``hits`` do."""
        day = int(last_at) // _DAY_S * _DAY_S
        if connector_id and len(connector_id) <= _LENGTH:
            self._count(day, _OURS, connector_id, last_at, times)
        for section, object_id in hits:
            self._count(day, section, object_id, last_at, times)

    def _count(self, day: int, section: str, object_id: str, last_at: float, times: int) -> None:
        sums = self._sums.setdefault((day, clip(section, _LENGTH), clip(object_id, _LENGTH)), [0, last_at])
        sums[0] += times
        sums[1] = max(sums[1], last_at)

    def __iter__(self) -> Iterator[tuple[int, str, str, int, float]]:
        """(first unix second of the day, section, object id, how often, last at), always in one order, so that nodes
        never wait for each other in a circle."""
        for (day, section, object_id), (count, last_at) in sorted(self._sums.items()):
            yield day, section, object_id, int(count), last_at


def object_uses(section: str, object_ids: Collection[str] | None, *, now: datetime) -> ObjectUses:
    """Of those of these objects of a section, None for all of it, that ever decided, by id; and since when anything
    is counted."""
    since = ObjectUse.objects.order_by("day").values_list("day", flat=True).first()
    rows = ObjectUse.objects.filter(section=section)
    if object_ids is not None:
        rows = rows.filter(object_id__in=object_ids)
    recent = dict(rows.filter(day__gte=now - RECENT).values_list("object_id").annotate(Sum("count")).order_by())
    whole = rows.values_list("object_id").annotate(Sum("count"), Max("last_at")).order_by()
    return ObjectUses(
        since, {object_id: Use(recent.get(object_id, 0), total, last_at) for object_id, total, last_at in whole}
    )
