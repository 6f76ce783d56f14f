"""Recorded decisions for the impact of a change: refused commands and the recipients of accepted messages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from heapq import merge
from itertools import islice

from mailconsole.changes.recorded import RecordedDecision
from mailconsole.tracking.models import MessageRecipient, Refusal


def recent_decisions(*, since: datetime, limit: int) -> Iterable[RecordedDecision]:
    """The newest first: half of the limit from refusals, half from what was accepted, more where one has less."""
    refused = list(_refused(since, limit))
    accepted = list(_accepted(since, limit))
    half = limit // 2
    refused = refused[: max(half, limit - len(accepted))]
    accepted = accepted[: limit - len(refused)]
    return islice(merge(refused, accepted, key=lambda one: one.at, reverse=True), limit)


def _refused(since: datetime, limit: int) -> Iterator[RecordedDecision]:
    for row in Refusal.objects.filter(received_at__gte=since).order_by("-received_at", "-id")[:limit]:
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
    rows = MessageRecipient.objects.filter(received_at__gte=since).select_related("message")
    for row in rows.order_by("-received_at", "-id")[:limit]:
        message = row.message
        if not message.peer:  # our own notifications came from no client
            continue
        yield RecordedDecision(
            at=row.received_at,
            peer=message.peer,
            connector_id=message.connector_id,
            sender=message.sender,
            recipient=row.address,
            helo=message.helo,
            identity=message.identity,
            tls=message.tls,
            size_bytes=message.size_bytes,
        )
