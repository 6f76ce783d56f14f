"""Old rows go in small batches, so that ingest and pages never wait for a long delete."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from mailconsole.nodes.models import NodeEvent
from mailconsole.tracking.models import (
    AuditedMessage,
    Message,
    MessageRecipient,
    MinuteCounter,
    ObjectUse,
    Refusal,
    TrackingEvent,
)

BATCH = 500
COUNTERS_DAYS = 400


def delete_old(*, now: datetime | None = None, max_batches: int = 400) -> int:
    """Delete what is older than the retention; returns how many messages and refusals went. Safe to stop anywhere."""
    at = now or timezone.now()
    before = at - timedelta(days=settings.TRACKING_RETENTION_DAYS)
    deleted = 0
    for _ in range(max_batches):
        count = _delete_messages(before) + _delete_refusals(before)
        deleted += count
        if not count:
            break
    NodeEvent.objects.filter(at__lt=before).delete()
    MinuteCounter.objects.filter(minute__lt=at - timedelta(days=COUNTERS_DAYS)).delete()
    ObjectUse.objects.filter(day__lt=at - timedelta(days=COUNTERS_DAYS)).delete()
    return deleted


def _delete_messages(before: datetime) -> int:
    keys = list(
        Message.objects.filter(received_at__lt=before).order_by("received_at").values_list("pk", flat=True)[:BATCH]
    )
    if keys:
        with transaction.atomic():
            AuditedMessage.objects.filter(message_id__in=keys).delete()
            TrackingEvent.objects.filter(message_id__in=keys).delete()
            MessageRecipient.objects.filter(message_id__in=keys).delete()
            Message.objects.filter(pk__in=keys).delete()
    return len(keys)


def _delete_refusals(before: datetime) -> int:
    keys = list(
        Refusal.objects.filter(received_at__lt=before).order_by("received_at").values_list("pk", flat=True)[:BATCH]
    )
    Refusal.objects.filter(pk__in=keys).delete()
    return len(keys)
