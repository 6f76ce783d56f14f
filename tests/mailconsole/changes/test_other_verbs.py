"""Requesting changes, withdrawing, discarding, commenting, describing: what each does and refuses."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.refusals import (
    CannotApproveOwnChange,
    NoSuchObject,
    NotAllowed,
    NotYourChange,
    ReasonMissing,
    WrongState,
)
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.discard_item import discard_item
from mailconsole.changes.services.ground import changes_of, digest_of
from mailconsole.changes.services.open_change import current_draft
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.take_back import take_back
from mailconsole.changes.services.withdraw_change import withdraw_change
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, reloaded
from tests.support.factories import create_administrator, create_editor, create_reviewer, create_viewer

pytestmark = pytest.mark.django_db


def give_back(change, actor, comment="Too broad"):
    return request_changes(change=change, actor=actor, digest=digest_of(change), comment=comment, now=NOW)


@pytest.mark.parametrize("state", [ChangeState.IN_REVIEW, ChangeState.APPROVED])
def test_request_changes__open_review__is_a_draft_again_without_approvals(state):
    change = create_change(state)
    give_back(change, create_reviewer())
    assert reloaded(change).status is ChangeState.DRAFT
    assert not change.reviews.filter(verdict="approved", is_void=False).exists()


def test_request_changes__own_without_words_or_by_an_editor__refuses():
    author = create_administrator()
    change = create_change(ChangeState.IN_REVIEW, author=author)
    with pytest.raises(CannotApproveOwnChange):
        give_back(change, author)
    with pytest.raises(ReasonMissing):
        give_back(change, create_reviewer(), " ")
    with pytest.raises(NotAllowed):
        give_back(change, create_editor())
    with pytest.raises(WrongState):
        give_back(create_change(), create_reviewer())


def test_withdraw_change__by_its_author__is_out():
    author = create_editor()
    change = create_change(ChangeState.IN_REVIEW, author=author)
    withdraw_change(change=change, actor=author, now=NOW)
    assert reloaded(change).status is ChangeState.WITHDRAWN
    with pytest.raises(WrongState):
        withdraw_change(change=change, actor=author, now=NOW)


def test_withdraw_change__of_somebody_else__only_where_the_author_is_gone():
    author, administrator = create_editor(), create_administrator()
    change = create_change(author=author)
    for person in (create_editor(), administrator):
        with pytest.raises(NotYourChange):
            withdraw_change(change=change, actor=person, now=NOW)
    author.is_active = False
    author.save()
    withdraw_change(change=change, actor=administrator, now=NOW)
    assert reloaded(change).status is ChangeState.WITHDRAWN


def test_take_back__approved__is_the_open_draft_again_without_approvals():
    author = create_editor()
    change = create_change(ChangeState.APPROVED, author=author)
    create_change(author=author, name="Other")
    take_back(change=change, actor=author, now=NOW + timedelta(minutes=1))
    assert reloaded(change).status is ChangeState.DRAFT
    assert current_draft(author) == change
    assert change.reviews.get().is_void
    with pytest.raises(NotYourChange):
        take_back(change=change, actor=create_editor(), now=NOW)
    with pytest.raises(WrongState):
        take_back(change=create_change(ChangeState.WITHDRAWN, author=author), actor=author, now=NOW)


def test_discard_item__of_a_draft__is_gone():
    author = create_editor()
    change = create_change(author=author)
    discard_item(change=change, actor=author, kind="relay_policies", object_id="scanners", now=NOW)
    assert changes_of(change) == ()
    with pytest.raises(NoSuchObject):
        discard_item(change=change, actor=author, kind="relay_policies", object_id="scanners", now=NOW)


def test_comment_on_change__editor_or_reviewer__is_kept_and_viewers_refused():
    change = create_change(ChangeState.IN_REVIEW)
    comment_on_change(change=change, actor=create_reviewer(), text="Why so broad?", now=NOW)
    assert [comment.text for comment in change.comments.all()] == ["Why so broad?"]
    with pytest.raises(NotAllowed):
        comment_on_change(change=change, actor=create_viewer(), text="Hm", now=NOW)
    with pytest.raises(ReasonMissing):
        comment_on_change(change=change, actor=create_editor(), text="  ", now=NOW)


def test_describe_change__in_review__keeps_the_state_and_published__refuses():
    author = create_editor()
    change = create_change(ChangeState.IN_REVIEW, author=author)
    words: Any = {"title": "Scanners move", "reason": "New floor", "ticket": "OPS-1"}
    assert describe_change(change=change, actor=author, now=NOW, **words).status is ChangeState.IN_REVIEW
    assert reloaded(change).title == "Scanners move"
    with pytest.raises(NotYourChange):
        describe_change(change=change, actor=create_editor(), now=NOW, **words)
    with pytest.raises(WrongState):
        done = create_change(ChangeState.PUBLISHED, author=author)
        describe_change(change=done, actor=author, now=NOW, **words)


def test_describe_change__with_the_words_that_it_has__is_no_entry_of_the_audit():
    change = create_change(author=(author := create_editor()))
    words: Any = {"title": "Scanners move", "reason": "New floor", "ticket": "OPS-1"}
    for _ in range(2):
        describe_change(change=change, actor=author, now=NOW, **words)
    assert AuditEntry.objects.filter(action__endswith="described").count() == 1
