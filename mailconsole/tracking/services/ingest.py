"""Events of nodes become rows of the message trace: exactly once, in one transaction with the node's offset."""

from __future__ import annotations

from collections.abc import Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from mailconsole.nodes.models import Node
from mailconsole.tracking.models import ShipperOffset
from mailconsole.tracking.services.fold import Fold
from mailconsole.tracking.services.store import load_known, stamp, store
from transport.model.event import EventId, TrackingEvent

log = structlog.get_logger(__name__)

MAX_BATCH = 2000


def ingest_events(*, node: str, events: Sequence[tuple[int, bytes]]) -> int:
    """Store (sequence, TrackingEvent JSON) of a node; what was stored before is passed over.

    Returns how many were new. Batches of up to MAX_BATCH keep the write short for others.
    """
    if not events:
        return 0
    known, _ = Node.objects.get_or_create(name=node)
    with transaction.atomic():
        offset = _locked_offset(known)
        new = [(sequence, data) for sequence, data in events if sequence > offset.sequence]
        if new:
            _store_new(known.pk, new)
            ShipperOffset.objects.filter(pk=offset.pk).update(sequence=max(new)[0], updated_at=timezone.now())
    return len(new)


def shipped_up_to(node: str) -> int:
    """The last sequence of a node that is stored; 0 for a node not heard of yet."""
    return ShipperOffset.objects.filter(node__name=node).values_list("sequence", flat=True).first() or 0


def _locked_offset(node: Node) -> ShipperOffset:
    """Two shippers of one node wait for each other here; SQLite lets one writer in anyway."""
    ShipperOffset.objects.get_or_create(node=node)
    return ShipperOffset.objects.select_for_update().get(node=node)


def _store_new(node_id: int, new: Sequence[tuple[int, bytes]]) -> None:
    parsed = sorted(_parsed(new), key=lambda pair: pair[0])
    begun = {event.message_id for _, event in parsed if event.event is EventId.RECEIVE}
    earlier = {event.message_id for _, event in parsed if event.message_id} - begun
    fold = Fold(node_id, load_known(node_id, earlier), stamp())
    for sequence, event in parsed:
        fold.add(sequence, event)
    store(fold)
    if fold.orphans:
        log.warning("tracking.events_without_message", node_id=node_id, count=fold.orphans)


def _parsed(events: Sequence[tuple[int, bytes]]) -> list[tuple[int, TrackingEvent]]:
    """One unreadable event must not stop all that follow it."""
    parsed = []
    for sequence, data in events:
        try:
            parsed.append((sequence, TrackingEvent.from_json(data)))
        except (ValueError, KeyError, TypeError):
            log.error("tracking.event_unreadable", sequence=sequence)
    return parsed
