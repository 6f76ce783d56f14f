"""What a spool tells of damage, as tracking events."""

from __future__ import annotations

from transport.model.event import EventId, TrackingEvent
from transport.spool.recovery import Recovered
from transport.spool.replay import Damage
from transport.spool.salvage import Salvaged

_PART = (
    "A part of the spool file cannot be read: messages in it wait there. Restart the node: it begins a new file with "
    "all that can be read of this one."
)


def of_salvage(salvaged: Salvaged, now: float) -> TrackingEvent:
    """The file was begun anew."""
    detail = {"folder": salvaged.folder.name, "messages": salvaged.messages, "level": "High"}
    return TrackingEvent(EventId.SPOOL_DAMAGE, now, reason=salvaged.sentence, detail=detail)


def of_part(now: float) -> TrackingEvent:
    """A part of the file was stepped over."""
    return TrackingEvent(EventId.SPOOL_DAMAGE, now, reason=_PART, detail={"level": "High"})


def of_journal(damage: Damage, now: float) -> TrackingEvent:
    """A part of the journal could not be read."""
    detail = {"folder": damage.folder.name, "level": "High"}
    return TrackingEvent(EventId.SPOOL_DAMAGE, now, reason=damage.sentence, detail=detail)


def of_records(found: Recovered, now: float) -> list[TrackingEvent]:
    """Recipients that were set aside."""
    return [
        TrackingEvent(
            EventId.POISON,
            now,
            message_id=message.id,
            recipient=str(recipient.address),
            reason=recipient.last_reason,
            detail={"next_hop": str(recipient.next_hop)},
        )
        for message, recipient in found.damaged
    ]
