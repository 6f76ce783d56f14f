"""Events of nodes become rows of the message trace: exactly once, in one transaction with the node's offset."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import structlog
from django.db import transaction
from django.utils import timezone

from mailconsole.nodes.models import Node
from mailconsole.tracking.models import ShipperOffset
from mailconsole.tracking.services.fold import Fold
from mailconsole.tracking.services.plain import PlainLives, Told
from mailconsole.tracking.services.stamps import stamp
from mailconsole.tracking.services.store import load_known, store, store_uses
from mailconsole.tracking.services.uses import Uses
from transport.model import compact_json
from transport.model.event import EventId, TrackingEvent

log = structlog.get_logger(__name__)

MAX_BATCH = 6000
"""So many events are one transaction, of a tenth of a second: what a node tells between two ticks, under load too."""


def ingest_events(*, node: str, events: Sequence[tuple[int, bytes]]) -> int:
    """Store (sequence, TrackingEvent JSON) of a node; what was stored before is passed over.

    Returns how many were new. Batches of up to MAX_BATCH keep the write short for others.
    """
    if not events:
        return 0
    with transaction.atomic():
        offset = _locked_offset(node)
        new = [told for told in events if told[0] > offset.sequence]
        if new:
            _store_new(offset.node_id, new)
            ShipperOffset.objects.filter(pk=offset.pk).update(sequence=max(new)[0], updated_at=timezone.now())
    return len(new)


def shipped_up_to(node: str) -> int:
    """The last sequence of a node that is stored; 0 for a node not heard of yet."""
    return ShipperOffset.objects.filter(node__name=node).values_list("sequence", flat=True).first() or 0


def _locked_offset(node: str) -> ShipperOffset:
    """Two shippers of one node wait for each other here; SQLite lets one writer in anyway."""
    locked = ShipperOffset.objects.select_for_update(of=("self",)).filter(node__name=node)
    offset = locked.first()
    if offset is None:
        known, _ = Node.objects.get_or_create(name=node)
        ShipperOffset.objects.get_or_create(node=known)
        offset = locked.get()
    return offset


def _store_new(node_id: int, new: Sequence[Told]) -> None:
    plain, uses = PlainLives(node_id), Uses()
    for told in sorted(new):
        try:
            event = compact_json.decode(told[1])
        except ValueError:
            event = None
        if isinstance(event, dict):
            plain.add(told, event)
            uses.add(event)
        else:
            log.error("tracking.event_unreadable", sequence=told[0])  # it must not stop all that follow it
    fold = _folded(node_id, plain.rest)
    messages, recipients = plain.finish(fold.stamp, fold.counters)
    store(fold, messages, recipients)
    store_uses(fold, uses)
    if fold.orphans:
        log.warning("tracking.events_without_message", node_id=node_id, count=fold.orphans)


def _folded(node_id: int, told: Sequence[Told]) -> Fold:
    parsed = list(_parsed(told))
    begun = {event.message_id for _, _, event in parsed if event.event is EventId.RECEIVE}
    earlier = {event.message_id for _, _, event in parsed if event.message_id} - begun
    fold = Fold(node_id, load_known(node_id, earlier), stamp())
    for sequence, data, event in parsed:
        fold.add(sequence, data, event)
    return fold


def _parsed(told: Iterable[Told]) -> Iterator[tuple[int, bytes, TrackingEvent]]:
    for sequence, data in told:
        try:
            yield sequence, data, TrackingEvent.from_json(data)
        except (ValueError, KeyError, TypeError):
            log.error("tracking.event_unreadable", sequence=sequence)
