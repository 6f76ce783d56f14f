"""Back pressure as people see it: gauges with their limits, the last hour, and what happened to nodes."""

from __future__ import annotations

import time
from datetime import UTC, datetime

import pytest

from mailconsole.nodes.health import health_of
from mailconsole.nodes.live.resources import read_resources, remember_resources
from mailconsole.nodes.models import Node, NodeEvent
from mailconsole.nodes.services import keep_events
from mailconsole.nodes.snapshots import Live, read_live
from mailconsole.overview.live import node_rows
from mailconsole.overview.resources import resource_rows
from tests.support.factories import create_viewer, signed_in
from tests.support.snapshots import node, show
from tests.support.traffic import Traffic
from transport.config.objects import Organization
from transport.model.event import EventId, TrackingEvent
from transport.model.pressure import Level, Resource
from transport.rules.pressure import Readings, judge, reason

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)


def pressed(length: int = 1200, **said):
    organization = Organization(queue_length_medium=1000, queue_length_high=2000)
    readings = Readings(length, 10**12, 5 * 10**11, 10**8, 10**10)
    states = judge(organization, readings, {}, now=time.time())
    return node(resources=states, why_not_from_outside=reason(states, Level.MEDIUM), is_accepting=length < 2000, **said)


def test_snapshot__resources__survive_the_way_through_redis(live_redis):
    shown = pressed()
    show(shown)
    assert read_live().snapshots == (shown,)


def test_resource_rows__say_value_level_and_limits(live_redis):
    rows = {one.key: one.html for one in resource_rows(Live(True, (pressed(),)), NOW)}
    row = rows["transport-1 queue_length"]
    for text in ("1,200 messages", "1,000 messages", "2,000 messages", "Medium", 'value="60"'):
        assert text in row
    assert "Low" in rows["transport-1 spool_disk_free"]


def test_node_rows__medium__says_what_waits(live_redis):
    (row,) = node_rows(Live(True, (pressed(),)), NOW)
    assert "Back pressure" in row.html and "1,200 messages are queued" in row.html


def test_node_rows__notifications_held_back__are_counted(live_redis):
    (row,) = node_rows(Live(True, (node(dsn_pending=1200, dsn_suppressed_total=3),)), NOW)
    assert "1,200 notifications wait, 3 suppressed" in row.html
    (row,) = node_rows(Live(True, (node(),)), NOW)
    assert "notifications" not in row.html


def test_health__medium__warns_in_the_top_bar():
    health = health_of(Live(True, (pressed(),)), 1)
    assert (health.tone, health.words) == ("warn", "Transport: 1 node · back pressure")


def test_history__keeps_the_highest_of_each_minute(live_redis):
    for second, length in ((0, 200), (1, 1800), (2, 400), (60, 600)):
        remember_resources([pressed(length)], now=600_000 * 60 + second)
    past = read_resources("transport-1", now=600_001 * 60)[Resource.QUEUE_LENGTH.value]
    assert len(past) == 60
    assert past[-2:] == [0.9, 0.3]


def test_history__redis_away__is_empty(redis_away):
    assert read_resources("transport-1", now=0) == {}


def test_ingest__event_of_the_node__is_kept_once_and_shown(live_redis):
    traffic = Traffic()
    traffic.add(EventId.BACK_PRESSURE, reason="1,200 messages", detail={"resource": "Queue length", "level": "Medium"})
    traffic.ingest()
    (kept,) = NodeEvent.objects.all()
    assert (kept.event, kept.sentence) == ("BACKPRESSURE", "1,200 messages")
    keep_events(Node.objects.get().pk, [(kept.sequence, TrackingEvent(EventId.BACK_PRESSURE, 1.0))])
    assert NodeEvent.objects.count() == 1
    page = signed_in(create_viewer()).get("/nodes/").content.decode()
    assert "Queue length: Medium" in page and "1,200 messages" in page


def test_page__hostile_sentence__is_escaped(live_redis):
    traffic = Traffic()
    traffic.add(EventId.BACK_PRESSURE, reason="<script>alert(1)</script>")
    traffic.ingest()
    page = signed_in(create_viewer()).get("/nodes/").content.decode()
    assert "<script>alert" not in page and "&lt;script&gt;alert" in page


def test_page__not_signed_in__is_refused(client):
    assert client.get("/nodes/").status_code == 302
