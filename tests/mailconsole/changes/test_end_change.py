"""A change for a while: its end is approved with it, seen before, and takes it back without forcing anything."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.urls import reverse

from mailconsole.accounts.models import User
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import (
    BadTime,
    NotAllowed,
    NothingToEnd,
    NotYourChange,
    ReasonMissing,
)
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.end_change import end_change, end_due
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.move_end import prolong_change, shorten_change
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.set_expiry import set_expiry
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.times import due_to_end
from mailconsole.changes.states import ChangeState, Way
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_editor, create_operator, create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db
MONDAY = NOW + timedelta(days=3)


def publish(change, author):
    reviewer = create_reviewer()
    submit_change(change=change, actor=author, now=NOW)
    approve_change(change=change, actor=reviewer, digest=digest_of(reloaded(change)), now=NOW)
    publish_change(change=change, actor=reviewer, now=NOW)
    return reloaded(change)


def temporary(author=None, object_id="", **fields):
    """A published change of one policy that ends on Monday."""
    author = author or create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, object_id, **fields)
    set_expiry(change=change, actor=author, expires_at=MONDAY, now=NOW)
    return publish(change, author)


def policies():
    return {one.id: one for one in load_document(head_revision()).relay_policies}


def test_end__nothing_else_changed__is_as_before_by_a_change_that_nobody_need_approve():
    before = head_revision().digest
    change = temporary()
    assert list(due_to_end(MONDAY - timedelta(seconds=1))) == []
    (due,) = due_to_end(MONDAY)
    restoring = end_due(change=due, now=MONDAY)
    head = head_revision()
    assert (head.digest, head.way, head.published_by, head.change) == (before, Way.ENDED, None, restoring)
    assert (reloaded(change).ended_at, reloaded(change).end_problem) == (MONDAY, "")
    assert list(due_to_end(MONDAY)) == []
    assert end_due(change=due, now=MONDAY) is None


def test_end__others_changed_the_same__leaves_that_and_says_so():
    publish_policy()
    change = temporary(object_id="scanners", owner="Migration", networks=["10.2.0.0/16"])
    publish_policy("scanners", owner="Print room", networks=["10.2.0.0/16"])
    end_due(change=change, now=MONDAY)
    policy = policies()["scanners"]
    assert (policy.owner, policy.networks) == ("Print room", ("10.1.0.0/16",))
    assert "Relay policy Scanners (owner)" in reloaded(change).end_problem


def test_end__already_taken_back_by_hand__publishes_nothing():
    change = temporary()
    author = create_editor()
    undo = open_change(author=author, now=NOW)
    stage_item(change=undo, actor=author, kind="relay_policies", object_id="scanners", after=None, now=NOW)
    publish(undo, author)
    number = head_revision().number
    assert end_due(change=change, now=MONDAY) is None
    assert (head_revision().number, reloaded(change).ended_at) == (number, MONDAY)


def test_end__the_result_would_be_invalid__is_told_once_and_tried_again():
    author = create_editor()
    temporary(author, name="Plotters", networks=["10.3.0.0/16"])
    publish_policy(name="Other")
    rename = temporary(author, "other", name="Away")
    publish_policy(name="Other", networks=["10.9.0.0/16"])
    for _ in range(2):
        assert end_due(change=rename, now=MONDAY) is None
    assert "could not be taken back" in reloaded(rename).end_problem
    assert reloaded(rename).ended_at is None
    assert AuditEntry.objects.filter(action="change.end_failed").count() == 1


def test_end__before_its_time_or_without_one__refuses():
    for change in (temporary(), create_change(ChangeState.PUBLISHED, name="For good", networks=["10.5.0.0/16"])):
        with pytest.raises(NothingToEnd):
            end_change(change=change, now=NOW)


def test_set_expiry__after_the_approval__voids_it():
    author = create_editor()
    change = create_change(ChangeState.APPROVED, author=author)
    digest = digest_of(change)
    set_expiry(change=change, actor=author, expires_at=MONDAY, now=NOW)
    assert reloaded(change).status is ChangeState.DRAFT
    assert digest_of(reloaded(change)) != digest


def test_set_expiry__past_or_others_change_or_passed_at_publish__refuses():
    author = create_editor()
    change = create_change(author=author)
    with pytest.raises(BadTime):
        set_expiry(change=change, actor=author, expires_at=NOW, now=NOW)
    with pytest.raises(NotYourChange):
        set_expiry(change=change, actor=create_editor(), expires_at=MONDAY, now=NOW)
    with pytest.raises(NotAllowed):
        set_expiry(change=change, actor=create_reviewer(), expires_at=MONDAY, now=NOW)
    set_expiry(change=change, actor=author, expires_at=MONDAY, now=NOW)
    with pytest.raises(BadTime):
        submit_change(change=change, actor=author, now=MONDAY)


def test_shorten__by_an_operator_or_its_author_with_a_reason__ends_earlier():
    change = temporary()
    for person in (create_viewer(), create_reviewer()):
        with pytest.raises(NotAllowed):
            shorten_change(change=change, actor=person, ends_at=NOW, reason="Done", now=NOW)
    operator = create_operator()
    with pytest.raises(ReasonMissing):
        shorten_change(change=change, actor=operator, ends_at=NOW, reason=" ", now=NOW)
    with pytest.raises(BadTime):
        shorten_change(change=change, actor=operator, ends_at=MONDAY, reason="Later", now=NOW)
    shorten_change(change=change, actor=operator, ends_at=NOW, reason="Migration is done", now=NOW)
    (due,) = due_to_end(NOW)
    end_due(change=due, now=NOW)
    assert policies() == {}


def test_prolong__is_a_change_of_its_own_that_needs_an_approval():
    change, author = temporary(), create_editor()
    later = MONDAY + timedelta(days=7)
    draft = prolong_change(change=change, actor=author, until=later, reason="Not done yet", now=NOW)
    assert reloaded(change).ends_at == MONDAY
    publish(draft, author)
    assert reloaded(change).ends_at == later
    good = prolong_change(change=reloaded(change), actor=author, until=None, reason="It stays", now=NOW)
    publish(good, author)
    assert (reloaded(change).ends_at, list(due_to_end(later))) == (None, [])


def test_prolong__refuses_who_may_not_and_what_is_no_later_and_what_has_ended():
    change, author = temporary(), create_editor()
    with pytest.raises(NotAllowed):
        prolong_change(change=change, actor=create_operator(), until=None, reason="Stay", now=NOW)
    with pytest.raises(BadTime):
        prolong_change(change=change, actor=author, until=MONDAY, reason="Stay", now=NOW)
    with pytest.raises(ReasonMissing):
        prolong_change(change=change, actor=author, until=None, reason="", now=NOW)
    draft = prolong_change(change=change, actor=author, until=None, reason="Stay", now=NOW)
    end_due(change=change, now=MONDAY)
    with pytest.raises(NothingToEnd):
        submit_change(change=draft, actor=author, now=MONDAY)


def test_pages__tell_the_end_before_it_comes():
    change = temporary()
    Change.objects.filter(pk=change.pk).update(ends_at="2126-01-01T00:00:00Z")
    browser = signed_in(create_operator())
    for url in (
        reverse("changes:detail", args=[change.pk]),
        reverse("changes:list-of", args=["all"]),
        reverse("mailflow:relay-policy-show", args=["scanners"]),
        reverse("mailflow:relay-policy-list"),
    ):
        page = browser.get(url).content.decode()
        assert "2126-01-01" in page, url
    answer = browser.post(reverse("changes:shorten", args=[change.pk]), {"reason": "Done"}, follow=True)
    assert "It ends earlier now." in answer.content.decode()
    assert browser.get(reverse("changes:prolong", args=[change.pk])).status_code == 405


def test_shorten__author_who_is_no_editor_any_more__refuses():
    author = create_editor()
    change = temporary(author)
    author.groups.set(create_viewer().groups.all())
    author = User.objects.get(pk=author.pk)
    with pytest.raises(NotAllowed):
        shorten_change(change=change, actor=author, ends_at=NOW, reason="x", now=NOW)
    assert 'name="ends_at"' not in signed_in(author).get(reverse("changes:detail", args=[change.pk])).content.decode()
