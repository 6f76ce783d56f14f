"""Approving: by somebody else, for exactly what was seen."""

from __future__ import annotations

import pytest

from mailconsole.accounts.roles import Role
from mailconsole.changes.refusals import CannotApproveOwnChange, DigestMoved, NotAllowed, WrongState
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, reloaded, stage_policy
from tests.support.factories import create_administrator, create_editor, create_person, create_reviewer

pytestmark = pytest.mark.django_db
IN_REVIEW = ChangeState.IN_REVIEW


def approve(change, actor, digest=None):
    return approve_change(change=change, actor=actor, digest=digest or digest_of(change), now=NOW)


def test_approve_change__by_a_reviewer__is_approved_for_that_digest():
    change, reviewer = create_change(IN_REVIEW), create_reviewer()
    approve(change, reviewer)
    assert reloaded(change).status is ChangeState.APPROVED
    (review,) = change.reviews.all()
    assert (review.reviewer, review.digest, review.is_void) == (reviewer, digest_of(change), False)


@pytest.mark.parametrize("roles", [(Role.EDITOR, Role.REVIEWER), (Role.ADMINISTRATOR,)])
def test_approve_change__own_change__refuses_whatever_the_roles(roles):
    author = create_person(*roles)
    change = create_change(IN_REVIEW, author=author)
    with pytest.raises(CannotApproveOwnChange):
        approve(change, author)
    assert reloaded(change).status is IN_REVIEW


def test_approve_change__without_the_role_or_switched_off__refuses():
    change = create_change(IN_REVIEW)
    for person in (create_editor(), create_reviewer(is_active=False)):
        with pytest.raises(NotAllowed):
            approve(change, person)


def test_approve_change__edited_after_it_was_seen__refuses():
    author = create_editor()
    change = create_change(IN_REVIEW, author=author)
    seen = digest_of(change)
    stage_policy(change, author, "scanners", networks=["10.0.0.0/16"])
    submit_change(change=change, actor=author, now=NOW)
    with pytest.raises(DigestMoved):
        approve(change, create_reviewer(), seen)


@pytest.mark.parametrize("state", [ChangeState.DRAFT, ChangeState.APPROVED, ChangeState.WITHDRAWN])
def test_approve_change__wrong_state__refuses(state):
    with pytest.raises(WrongState):
        approve(create_change(state), create_administrator())
