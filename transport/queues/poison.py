"""Writes down that recipients of a message cannot be processed: an operator decides about them (Exchange's Poison)."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.envelope import Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.next_hop import POISON
from transport.model.outcome import RecipientStatus
from transport.ports.spool import RecipientUpdate, Spool
from transport.queues.transaction import Transaction


def poison(spool: Spool, message: Message, recipients: Sequence[Recipient], reason: str, *, now: float) -> None:
    """Give ``recipients`` the Poison queue as their next hop, with the reason, durably."""
    events = []
    for recipient in recipients:
        recipient.leave_route(POISON, reason)
        recipient.status, recipient.next_attempt_at = RecipientStatus.READY, 0.0
        address, detail = str(recipient.address), {"next_hop": str(POISON)}
        events.append(
            TrackingEvent(EventId.POISON, now, message_id=message.id, recipient=address, reason=reason, detail=detail)
        )
    spool.update([RecipientUpdate(message.id, recipient) for recipient in recipients], events)


def unread(spool: Spool, transaction: Transaction, reason: str, *, now: float) -> None:
    """Say of a message that cannot be read that it is set aside. Nothing else is written of it: whose it is is not
    known, and a restart may save more of it."""
    detail = {"next_hop": str(POISON)}
    spool.record([TrackingEvent(EventId.POISON, now, message_id=transaction.message_id, reason=reason, detail=detail)])
