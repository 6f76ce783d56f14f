"""Messages that fit rules with an audit severity: kept apart, found by it, and shown with it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from mailconsole.nodes.snapshots import Live
from mailconsole.tracking.live import grave_messages
from mailconsole.tracking.models import AuditedMessage
from mailconsole.tracking.services.retention import delete_old
from mailconsole.tracking.services.search import MessageQuery, Position, search_messages
from mailconsole.tracking.states import Severity
from tests.support.factories import create_viewer, signed_in
from tests.support.traffic import NOW, Traffic
from transport.model.event import EventId

pytestmark = pytest.mark.django_db


def fits(traffic: Traffic, message_id: int, severity: object) -> None:
    detail = {"rule": "r", "name": "R", "answer": "yes", "is_done": True, "actions": [], "severity": severity}
    traffic.add(EventId.AGENT_INFO, message_id=message_id, reason="The mail flow rule R fits.", detail=detail)


def found(severity: Severity, **asked: object) -> list[str]:
    return [one.subject for one in search_messages(MessageQuery(severity=severity, **asked)).messages]


@pytest.fixture
def traffic() -> Traffic:
    traffic = Traffic()
    for subject, severities in (("a", ("Low", "High")), ("b", ("Low",)), ("c", ()), ("d", ("High", "Medium"))):
        message_id = traffic.receive(f"{subject}@{subject}.example", subject=subject)
        for severity in severities:
            fits(traffic, message_id, severity)
        traffic.at += 60
    traffic.ingest()
    return traffic


def test_search__by_severity__finds_the_gravest_of_each_newest_first_and_page_by_page(traffic):
    assert found(Severity.HIGH) == ["d", "a"]
    assert found(Severity.LOW) == ["b"]
    assert found(Severity.MEDIUM) == []
    for more in ({"recipient": "a.example"}, {"text": "@a.example"}, {"until": datetime.fromtimestamp(NOW + 9, UTC)}):
        assert found(Severity.HIGH, **more) == ["a"]
    assert found(Severity.HIGH, status="delivered") == []
    page = search_messages(MessageQuery(severity=Severity.HIGH), size=1)
    following = search_messages(MessageQuery(severity=Severity.HIGH), after=Position.parse(str(page.following)))
    assert [one.subject for one in (*page.messages, *following.messages)] == ["d", "a"]


def test_ingest__severity_told_in_a_later_batch_or_again__keeps_the_gravest(traffic):
    fits(traffic, traffic.first_message_id + 1, "High")
    fits(traffic, traffic.first_message_id, "Low")
    fits(traffic, traffic.first_message_id + 2, "<b>Grave</b>")
    fits(traffic, traffic.first_message_id + 2, ["High"])
    traffic.ingest()
    assert found(Severity.HIGH) == ["d", "b", "a"]
    assert AuditedMessage.objects.count() == 3


def test_delete_old__takes_severities_with_their_messages(traffic, settings):
    settings.TRACKING_RETENTION_DAYS = 10
    delete_old(now=datetime.fromtimestamp(NOW, UTC) + timedelta(days=11))
    assert not AuditedMessage.objects.exists()


def test_pages__list_export_and_message__show_the_severity(traffic):
    browser = signed_in(create_viewer())
    page = browser.get(reverse("tracking:messages"), {"severity": "High"}).content.decode()
    assert page.count("Audit severity High") == 2
    rows = b"".join(browser.get(reverse("tracking:messages-export", args=["csv"]), {"severity": "Low"})).decode()
    assert rows.splitlines()[0].endswith(",audit_severity") and rows.splitlines()[1].endswith(",Low")
    (message,) = search_messages(MessageQuery(severity=Severity.LOW)).messages
    page = browser.get(reverse("tracking:message", args=["transport-1", message.queue_id])).content.decode()
    assert "Audit severity Low" in page
    assert browser.get(reverse("tracking:messages"), {"severity": "Dire"}).status_code == 200


def test_overview__messages_of_severity_high__are_told_for_a_day(traffic, monkeypatch):
    day = datetime.fromtimestamp(NOW, UTC)
    (told,) = grave_messages(Live(is_reachable=True), day + timedelta(hours=1))
    assert "2 messages of the last 24 hours fit mail flow rules of the audit severity High" in told.html
    assert grave_messages(Live(is_reachable=True), day + timedelta(days=2)) == []
    monkeypatch.setattr("mailconsole.tracking.live.GRAVE_COUNTED", 1)
    (told,) = grave_messages(Live(is_reachable=True), day + timedelta(hours=1))
    assert "More than 1 message" in told.html
