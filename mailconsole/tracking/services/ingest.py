"""Events of nodes become rows of the message trace: exactly once, in one transaction with the node's offset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

import structlog
from django.db import DataError, IntegrityError, transaction

from mailconsole.tracking.services import offsets
from mailconsole.tracking.services.fold import Fold
from mailconsole.tracking.services.plain import PlainLives, Told
from mailconsole.tracking.services.stamps import stamp
from mailconsole.tracking.services.store import load_known, store, store_uses
from mailconsole.tracking.services.uses import Uses
from transport.model.event import EventId, TrackingEvent

log = structlog.get_logger(__name__)

MAX_BATCH = 6000
"""So many events are one transaction, of a tenth of a second: what a node tells between two ticks, under load too."""

_Parsed: TypeAlias = tuple[int, bytes, TrackingEvent]

_SAYS_WHAT_NOTHING_HOLDS = (
    DataError, IntegrityError, ValueError, TypeError, ArithmeticError, LookupError, AttributeError
)  # fmt: skip
"""What an event says is at fault, and would be each time; a database that is away raises OperationalError."""


def ingest_events(*, node: str, events: Sequence[tuple[int, bytes]]) -> int:
    """Store (sequence, TrackingEvent JSON) of a node; what was stored before is passed over.

    Returns how many were new. Batches of up to MAX_BATCH keep the write short for others. An event that can't be stored
    for what it says is logged and passed over, and nothing else with it.
    """
    try:
        return _ingest(node, events) if events else 0
    except _SAYS_WHAT_NOTHING_HOLDS as error:
        if len(events) == 1:
            return _pass_over(node, events[0][0], error)
    told, half = sorted(events), len(events) // 2
    return sum(ingest_events(node=node, events=part) for part in (told[:half], told[half:]))


def _pass_over(node: str, sequence: int, error: Exception) -> int:
    with transaction.atomic():
        node_id, shipped = offsets.lock(node)
        if sequence <= shipped:
            return 0
        offsets.move(node_id, to=sequence)
    log.error("tracking.event_not_stored", node=node, sequence=sequence, because=type(error).__name__)
    return 1


def _ingest(node: str, events: Sequence[tuple[int, bytes]]) -> int:
    with transaction.atomic():
        node_id, shipped = offsets.lock(node)
        new = [told for told in events if told[0] > shipped]
        if new:
            _store_new(node_id, new)
            offsets.move(node_id, to=max(new)[0])
    return len(new)


def _store_new(node_id: int, new: Sequence[Told]) -> None:
    plain, rest = PlainLives(node_id), list[_Parsed]()
    for told in sorted(new):
        if plain.add(told):
            continue
        parsed = _parsed(told)
        if parsed is not None:
            rest += filter(None, map(_parsed, plain.give_up(parsed[2].message_id)))
            rest.append(parsed)
    fold, uses = _folded(node_id, rest)
    store(fold, plain.finish(fold.stamp, fold.counters, uses))
    store_uses(fold, uses)
    if fold.orphans:
        log.warning("tracking.events_without_message", node_id=node_id, count=fold.orphans)


def _folded(node_id: int, rest: Sequence[_Parsed]) -> tuple[Fold, Uses]:
    begun = {event.message_id for _, _, event in rest if event.event is EventId.RECEIVE}
    earlier = {event.message_id for _, _, event in rest if event.message_id} - begun
    fold, uses = Fold(node_id, load_known(node_id, earlier), stamp()), Uses()
    for sequence, data, event in rest:
        fold.add(sequence, data, event)
        uses.add(event)
    return fold, uses


def _parsed(told: Told) -> _Parsed | None:
    try:
        return *told, TrackingEvent.from_json(told[1])
    except (ValueError, KeyError, TypeError, AttributeError):
        log.error("tracking.event_unreadable", sequence=told[0])  # it must not stop all that follow it
        return None
