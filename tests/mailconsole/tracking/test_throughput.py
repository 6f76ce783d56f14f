"""Charts: every minute is there, and the one that has only begun does not look like a fall."""

from datetime import UTC, datetime, timedelta

import pytest

from mailconsole.nodes.models import Node
from mailconsole.tracking.models import MinuteCounter
from mailconsole.tracking.services.throughput import throughput

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


def count(minute, accepted):
    node, _ = Node.objects.get_or_create(name="transport-1")
    others = dict.fromkeys(("delivered", "deferred", "refused", "failed", "accepted_bytes"), 0)
    MinuteCounter.objects.create(node=node, minute=minute, accepted=accepted, **others)


def test_throughput__minutes_without_mail__are_zero():
    count(NOON - timedelta(minutes=3), 6)
    found = throughput(now=NOON, length=timedelta(minutes=5))
    assert found.values["accepted"] == [0, 6, 0, 0, 0]
    assert found.times[0] == NOON - timedelta(minutes=4)


def test_throughput__minute_just_begun__is_filled_up_from_the_one_before():
    count(NOON - timedelta(minutes=1), 60)
    count(NOON, 15)
    found = throughput(now=NOON + timedelta(seconds=15), length=timedelta(minutes=3))
    assert found.values["accepted"] == [0, 60, 15 + 45]
