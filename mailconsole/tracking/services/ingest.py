"""Events of nodes become rows of the message trace: exactly once, in one transaction with the node's offset."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import structlog
from django.db import DataError, transaction

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

_SAYS_WHAT_NOTHING_HOLDS = (DataError, ValueError, ArithmeticError)
"""What an event says is at fault, and would be each time. A database that is away raises OperationalError, one of
another release IntegrityError or ProgrammingError."""
_CANT_BE_READ = (TypeError, LookupError, AttributeError)
MAX_SAID = 2000
"""Octets of an event that is passed over, in the log."""


class EventUnreadable(ValueError):
    """An event is of another shape than those of nodes."""


@dataclass(frozen=True, slots=True)
class _PassedOver:
    sequence: int
    data: bytes
    error: Exception


def ingest_events(*, node: str, events: Sequence[tuple[int, bytes]]) -> int:
    """Store (sequence, TrackingEvent JSON) of a node; what was stored before is passed over.

    Returns how many were new. Batches of up to MAX_BATCH keep the write short for others. An event that can't be stored
    for what it says is logged and passed over, and nothing else with it. Raises, with all kept by their node, where
    several can't and no other can: then it is not what they say.
    """
    passed_over: list[_PassedOver] = []
    stored = _ingest_parts(node, sorted(events), passed_over)
    if passed_over:
        if not stored and len(passed_over) > 1:
            raise passed_over[0].error
        _pass_over(node, passed_over)
    return stored + len(passed_over)


def _ingest_parts(node: str, events: Sequence[tuple[int, bytes]], passed_over: list[_PassedOver]) -> int:
    try:
        return _ingest(node, events) if events else 0
    except _SAYS_WHAT_NOTHING_HOLDS as error:
        if len(events) == 1:
            passed_over.append(_PassedOver(*events[0], error))
            return 0
    half = len(events) // 2
    return sum(_ingest_parts(node, part, passed_over) for part in (events[:half], events[half:]))


def _pass_over(node: str, passed_over: Sequence[_PassedOver]) -> None:
    """The offset has gone beyond all but the last of them with what was stored."""
    with transaction.atomic():
        node_id, shipped = offsets.lock(node)
        offsets.move(node_id, to=max(shipped, passed_over[-1].sequence))
    for one in passed_over:
        said = one.data[:MAX_SAID].decode("ascii", "backslashreplace")
        cause = type(one.error.__cause__ or one.error).__name__
        log.error("tracking.event_not_stored", node=node, sequence=one.sequence, because=cause, said=said)


def _ingest(node: str, events: Sequence[tuple[int, bytes]]) -> int:
    with transaction.atomic():
        node_id, shipped = offsets.lock(node)
        new = [told for told in events if told[0] > shipped]
        if new:
            _store_read(node_id, new)
            offsets.move(node_id, to=max(new)[0])
    return len(new)


def _store_read(node_id: int, new: Sequence[Told]) -> None:
    try:
        _store_new(node_id, new)
    except _CANT_BE_READ as error:
        raise EventUnreadable("an event is of another shape") from error


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
