"""Publishing at a time: every check made then, and a failure that people see."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.test import override_settings
from django.urls import reverse
from django.utils import timezone

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Revision
from mailconsole.changes.moments import typed_moment
from mailconsole.changes.refusals import BadTime, DigestMoved, NotAllowed, WrongState
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.notices import unread
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.schedule_publish import LATEST, cancel_schedule, publish_scheduled, schedule_publish
from mailconsole.changes.services.times import due_to_publish
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.changes.states import ChangeState, News
from mailconsole.changes.tasks import keep_times
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_editor, create_reviewer, signed_in

pytestmark = pytest.mark.django_db
APPROVED = ChangeState.APPROVED
TONIGHT = NOW + timedelta(hours=10)


def schedule(change, actor=None, at=TONIGHT, digest=None, now=NOW):
    return schedule_publish(
        change=change, actor=actor or create_reviewer(), at=at, digest=digest or digest_of(change), now=now
    )


def scheduled(**fields):
    change = create_change(APPROVED, **fields)
    schedule(change)
    return reloaded(change)


def test_schedule__at_its_time__is_published_by_who_scheduled_it():
    reviewer = create_reviewer()
    change = create_change(APPROVED)
    schedule(change, reviewer)
    assert list(due_to_publish(TONIGHT - timedelta(seconds=1))) == []
    (due,) = due_to_publish(TONIGHT)
    revision = publish_scheduled(change=due, now=TONIGHT)
    assert (revision.published_by, reloaded(change).publish_at) == (reviewer, None)
    assert publish_scheduled(change=due, now=TONIGHT) is None
    assert Revision.objects.count() == 2


@pytest.mark.parametrize("state", [ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.PUBLISHED])
def test_schedule__not_approved__refuses(state):
    with pytest.raises(WrongState):
        schedule(create_change(state))


def test_schedule__editor_or_past_or_another_digest__refuses():
    change = create_change(APPROVED)
    with pytest.raises(NotAllowed):
        schedule(change, create_editor())
    with pytest.raises(BadTime):
        schedule(change, at=NOW)
    with pytest.raises(DigestMoved):
        schedule(change, digest="0" * 64)


@pytest.mark.parametrize("lost", ["the approver's role", "the publisher's role", "no conflict"])
def test_publish_scheduled__a_check_fails_then__stays_approved_and_says_why(lost):
    publish_policy()
    author, approver, publisher = create_editor(), create_reviewer(), create_reviewer()
    change = create_change(APPROVED, author=author, reviewer=approver, name="Plotters", networks=["10.3.0.0/16"])
    schedule(change, publisher)
    if lost == "no conflict":
        publish_policy(name="Plotters", networks=["10.4.0.0/16"])
    else:
        (approver if "approver" in lost else publisher).groups.clear()
    before = Revision.objects.count()
    assert publish_scheduled(change=reloaded(change), now=TONIGHT) is None
    change = reloaded(change)
    assert (change.status, change.publish_at, Revision.objects.count()) == (APPROVED, None, before)
    entry = AuditEntry.objects.get(action="change.schedule_failed")
    assert change.schedule_problem in entry.summary
    page = signed_in(author).get(reverse("changes:detail", args=[change.pk])).content.decode()
    assert "It was not published at its time." in page


def test_edit__of_a_scheduled_change__takes_the_time_away():
    author = create_editor()
    change = scheduled(author=author)
    stage_policy(change, author, "scanners", owner="IT")
    assert reloaded(change).publish_at is None
    assert list(due_to_publish(TONIGHT)) == []


def test_cancel_schedule__stays_approved_and_only_once():
    change, reviewer = scheduled(), create_reviewer()
    with pytest.raises(NotAllowed):
        cancel_schedule(change=change, actor=create_editor(), now=NOW)
    cancel_schedule(change=change, actor=reviewer, now=NOW)
    assert (reloaded(change).status, reloaded(change).publish_at) == (APPROVED, None)
    with pytest.raises(WrongState):
        cancel_schedule(change=change, actor=reviewer, now=NOW)


def test_schedule__again__moves_the_time_and_publishing_now_is_still_possible():
    change = scheduled()
    schedule(change, at=TONIGHT + timedelta(hours=1))
    assert reloaded(change).publish_at == TONIGHT + timedelta(hours=1)
    publish_change(change=reloaded(change), actor=create_reviewer(), now=NOW)
    assert reloaded(change).publish_at is None


def test_task__publishes_what_is_due():
    change = scheduled()
    type(change).objects.filter(pk=change.pk).update(publish_at=timezone.now() - timedelta(minutes=1))
    keep_times()
    assert reloaded(change).status is ChangeState.PUBLISHED


def test_schedule_page__shows_the_time_takes_it_back_and_refuses_what_is_no_time():
    change, reviewer = create_change(APPROVED), create_reviewer()
    browser, url = signed_in(reviewer), reverse("changes:schedule", args=[change.pk])
    assert browser.get(url).status_code == 405
    assert "is no time" in browser.post(url, {"at": "soon", "digest": digest_of(change)}, follow=True).content.decode()
    far = browser.post(url, {"at": "2126-12-24T22:00", "digest": digest_of(change)}, follow=True)
    assert "more than ten years away" in far.content.decode()
    soon = (timezone.now() + timedelta(days=1)).isoformat()
    answer = browser.post(url, {"at": soon, "digest": digest_of(change)}, follow=True)
    assert "Published by itself" in answer.content.decode()
    answer = browser.post(reverse("changes:cancel-schedule", args=[change.pk]), follow=True)
    assert "It stays approved." in answer.content.decode()


def test_beat__taken_back_or_moved_since_it_was_listed__publishes_nothing():
    one, two = scheduled(), scheduled(name="Plotters", networks=["10.3.0.0/16"])
    listed = list(due_to_publish(TONIGHT))
    cancel_schedule(change=one, actor=create_reviewer(), now=TONIGHT)
    schedule(two, at=TONIGHT + timedelta(days=1))
    assert [publish_scheduled(change=change, now=TONIGHT) for change in listed] == [None, None]
    assert Revision.objects.count() == 1
    assert [reloaded(change).schedule_problem for change in (one, two)] == ["", ""]


def test_publish_scheduled__console_was_down_over_the_window__does_not_publish_late_and_tells():
    author, publisher = create_editor(), create_reviewer()
    change = create_change(APPROVED, author=author)
    schedule(change, publisher)
    assert publish_scheduled(change=reloaded(change), now=TONIGHT + LATEST + timedelta(seconds=1)) is None
    change = reloaded(change)
    assert (change.status, change.publish_at) == (APPROVED, None)
    assert "Mailconsole did not run then" in change.schedule_problem
    for person in (author, publisher):
        assert unread(person).first().news == News.SCHEDULE_FAILED
    schedule(change, publisher, at=TONIGHT + timedelta(days=1))
    assert publish_scheduled(change=reloaded(change), now=TONIGHT + timedelta(days=1) + LATEST) is not None


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2027-07-01T22:00", datetime(2027, 7, 1, 20, 0, tzinfo=UTC)),
        ("2027-01-15 22:00", datetime(2027, 1, 15, 21, 0, tzinfo=UTC)),
        ("2027-10-31T02:30", datetime(2027, 10, 31, 0, 30, tzinfo=UTC)),  # there twice: the first
        ("2027-10-31T02:30+01:00", datetime(2027, 10, 31, 1, 30, tzinfo=UTC)),
    ],
)
def test_typed_moment__in_the_consoles_time_zone__is_that_moment(typed, meant):
    with timezone.override("Europe/Berlin"):
        assert typed_moment(typed) == meant


def test_schedule_page__time_that_the_clocks_leave_out__refuses():
    change, reviewer = create_change(APPROVED), create_reviewer()
    with (
        timezone.override("Europe/Berlin"),
        pytest.raises(BadTime, match="never in Europe/Berlin: clocks are put forw"),
    ):
        typed_moment("2027-03-28T02:30")
    url = reverse("changes:schedule", args=[change.pk])
    with override_settings(TIME_ZONE="Europe/Berlin"):
        answer = signed_in(reviewer).post(url, {"at": "2027-03-28T02:30", "digest": digest_of(change)}, follow=True)
    assert "2027-03-28 02:30 is never in Europe/Berlin" in answer.content.decode()
    assert reloaded(change).publish_at is None


def test_waiting__scheduled__waits_for_nobody_until_its_time_is_taken_back():
    change, reviewer = scheduled(), create_reviewer()
    assert list(waiting_for(reviewer)) == []
    cancel_schedule(change=change, actor=reviewer, now=NOW)
    assert list(waiting_for(reviewer)) == [change]
