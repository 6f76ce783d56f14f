"""Attempts of the past, for whoever decides them again under another configuration (a change's impact)."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from itertools import islice

from mailconsole.changes.recorded import RecordedDecision
from mailconsole.tracking.models import Message, Refusal, TrackingEvent
from mailconsole.tracking.services.life import receipt_detail

_CHUNK = 400


def recent_decisions(*, since: datetime, limit: int) -> Iterator[RecordedDecision]:
    """Refusals, up to half of `limit`, then recipients of accepted messages; each newest first.

    Refusals lead: on a busy relay they would drown in what is accepted, and they are what most changes are about.
    """
    refused = 0
    for decision in islice(_refused(since, limit), limit // 2):
        refused += 1
        yield decision
    yield from islice(_accepted(since, limit), limit - refused)


def _refused(since: datetime, limit: int) -> Iterator[RecordedDecision]:
    for row in Refusal.objects.filter(received_at__gte=since).order_by("-received_at", "-pk")[:limit]:
        yield RecordedDecision(
            at=row.received_at,
            peer=row.peer,
            connector_id=row.connector_id,
            sender=row.sender,
            recipient=row.recipient,
            binding=row.binding,
            helo=row.helo,
            identity=row.identity,
            tls=row.tls,
            size_bytes=row.size_bytes,
            reply=row.reply,
        )


def _accepted(since: datetime, limit: int) -> Iterator[RecordedDecision]:
    """What RCPT named, not what it was resolved to; notifications of our own had no client to decide about."""
    found = Message.objects.filter(received_at__gte=since).exclude(peer="").order_by("-received_at", "-pk")
    messages = iter(found[:limit])
    while chunk := list(islice(messages, _CHUNK)):
        rows = TrackingEvent.objects.in_bulk([message.pk for message in chunk if not message.life])
        for message in chunk:
            detail = receipt_detail(message)
            if detail is None:
                detail = rows[message.pk].detail if message.pk in rows else {}
            yield from _recipients(message, detail)


def _recipients(message: Message, detail: dict[str, object]) -> Iterator[RecordedDecision]:
    recipients = detail.get("recipients")
    for recipient in recipients if isinstance(recipients, list) else ():
        yield RecordedDecision(
            at=message.received_at,
            peer=message.peer,
            connector_id=message.connector_id,
            sender=message.sender,
            recipient=str(recipient),
            binding=str(detail.get("binding") or ""),
            helo=message.helo,
            identity=message.identity,
            tls=message.tls,
            size_bytes=message.size_bytes,
        )
