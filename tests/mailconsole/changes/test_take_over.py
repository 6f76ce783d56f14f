"""Taking a colleague's change over: told, void, and nobody approves what they wrote."""

from __future__ import annotations

import pytest
from django.urls import reverse

from mailconsole.accounts.roles import Role
from mailconsole.audit.models import AuditEntry
from mailconsole.changes.models import Notice
from mailconsole.changes.refusals import CannotApproveOwnChange, NotAllowed, NotYourChange, ReasonMissing, WrongState
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, reloaded, stage_policy
from tests.support.factories import create_editor, create_person, create_reviewer, create_viewer, signed_in

pytestmark = pytest.mark.django_db


def take(change, actor, reason="She is away"):
    return take_over(change=change, actor=actor, reason=reason, now=NOW)


@pytest.mark.parametrize("state", [ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED])
def test_take_over__open_change__is_their_draft_and_the_author_is_told(state):
    author, other = create_editor(), create_editor()
    change = create_change(state, author=author)
    take(change, other)
    change = reloaded(change)
    assert (change.author, change.status) == (other, ChangeState.DRAFT)
    assert not change.reviews.filter(is_void=False).exists()
    assert "She is away" in Notice.objects.get(person=author, news="taken_over").text
    assert AuditEntry.objects.get(action="change.taken_over").reason == "She is away"
    with pytest.raises(NotYourChange):
        stage_policy(change, author, "scanners", owner="IT")


def test_take_over__then_approved__by_neither_of_the_two():
    one, two = create_person(Role.EDITOR, Role.REVIEWER), create_person(Role.EDITOR, Role.REVIEWER)
    change = create_change(author=one)
    take(change, two)
    submit_change(change=reloaded(change), actor=two, now=NOW)
    for person in (one, two):
        with pytest.raises(CannotApproveOwnChange):
            approve_change(change=change, actor=person, digest=digest_of(change), now=NOW)
        assert change not in waiting_for(person)
    reviewer = create_reviewer()
    approve_change(change=change, actor=reviewer, digest=digest_of(change), now=NOW)
    publish_change(change=change, actor=reviewer, now=NOW)


def test_take_over__by_a_viewer_or_of_ones_own_or_without_a_reason_or_closed__refuses():
    author = create_editor()
    change = create_change(author=author)
    with pytest.raises(NotAllowed):
        take(change, create_viewer())
    with pytest.raises(WrongState):
        take(change, author)
    with pytest.raises(ReasonMissing):
        take(change, create_editor(), " ")
    with pytest.raises(WrongState):
        take(create_change(ChangeState.PUBLISHED), create_editor())


def test_take_over_page__by_post_with_a_reason():
    change, other = create_change(), create_editor()
    browser, url = signed_in(other), reverse("changes:take-over", args=[change.pk])
    assert browser.get(url).status_code == 405
    assert "Say why" in browser.post(url, follow=True).content.decode()
    assert "It is your draft now." in browser.post(url, {"reason": "Away"}, follow=True).content.decode()
