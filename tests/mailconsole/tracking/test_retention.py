"""Old rows go, newer ones stay."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from mailconsole.tracking.models import Message, MessageRecipient, Refusal, TrackingEvent
from mailconsole.tracking.services.retention import delete_old
from tests.support.traffic import NOW, Traffic

pytestmark = pytest.mark.django_db


def test_delete_old__past_the_retention__takes_messages_with_all_that_belongs_to_them(settings):
    settings.TRACKING_RETENTION_DAYS = 10
    traffic = Traffic()
    old = traffic.receive()
    traffic.ingest()
    traffic.send(old)
    traffic.refuse()
    traffic.at += timedelta(days=5).total_seconds()
    kept = traffic.receive()
    traffic.ingest()
    traffic.defer(kept)
    traffic.ingest()
    assert TrackingEvent.objects.count() == 2

    assert delete_old(now=datetime.fromtimestamp(NOW, UTC) + timedelta(days=11)) == 2

    assert Message.objects.get().spool_id == kept
    assert (MessageRecipient.objects.count(), TrackingEvent.objects.count(), Refusal.objects.count()) == (1, 1, 0)
