"""Break-glass and the first set-up: the two ways past a review, and their bounds."""

from __future__ import annotations

import pytest

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.refusals import (
    CannotApproveOwnChange,
    NotAllowed,
    NotTheFirstSetup,
    ReasonMissing,
    ReviewNotOwed,
)
from mailconsole.changes.services.bootstrap import publish_alone, publish_first_setup
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import ChangeState, Way
from tests.mailconsole.changes.kit import NOW, create_change, reloaded
from tests.support.factories import create_administrator, create_editor, create_reviewer

pytestmark = pytest.mark.django_db


def test_break_glass__with_a_reason__publishes_loudly_and_owes_a_review():
    author = create_administrator()
    change = create_change(author=author)
    revision = break_glass_publish(change=change, actor=author, reason="Mail is down", now=NOW)
    assert revision.way == Way.BREAK_GLASS
    assert reloaded(change).is_review_owed
    assert AuditEntry.objects.get(action="change.published_without_review").reason == "Mail is down"


def test_break_glass__without_reason_or_administrator__refuses():
    author = create_editor()
    change = create_change(author=author)
    with pytest.raises(ReasonMissing):
        break_glass_publish(change=change, actor=create_administrator(), reason=" ", now=NOW)
    for person in (author, create_reviewer()):
        with pytest.raises(NotAllowed):
            break_glass_publish(change=change, actor=person, reason="Now", now=NOW)


def test_review_afterwards__by_somebody_else__pays_the_debt():
    author, publisher = create_editor(), create_administrator()
    change = create_change(author=author)
    break_glass_publish(change=change, actor=publisher, reason="Mail is down", now=NOW)
    with pytest.raises(ReviewNotOwed):
        review_afterwards(change=change, actor=publisher, comment="Fine", now=NOW)
    review_afterwards(change=change, actor=create_reviewer(), comment="Fine", now=NOW)
    assert not reloaded(change).is_review_owed
    with pytest.raises(ReviewNotOwed):
        review_afterwards(change=change, actor=create_reviewer(), comment="Fine", now=NOW)


def test_review_afterwards__own_change__refuses():
    author = create_administrator()
    change = create_change(author=author)
    break_glass_publish(change=change, actor=author, reason="Mail is down", now=NOW)
    with pytest.raises(CannotApproveOwnChange):
        review_afterwards(change=change, actor=author, comment="Fine", now=NOW)


def set_up(actor):
    return publish_first_setup(
        actor=actor, accepted_domain="contoso.com", next_hop="10.0.0.5:2525", smart_host=None, now=NOW
    )


def test_first_setup__sole_administrator__publishes_and_says_so():
    revision = set_up(create_administrator())
    document = load_document(head_revision())
    assert revision.way == Way.FIRST_SETUP
    assert [(one.domain, one.is_default) for one in document.accepted_domains] == [("contoso.com", True)]
    routes = {one.address_spaces[0].domain: one.smart_hosts for one in document.send_connectors}
    assert routes == {"contoso.com": ("10.0.0.5:2525",), "*": ()}
    assert "nobody else could review" in AuditEntry.objects.get(action="change.published_without_review").reason


def test_first_setup__somebody_else_could_review__refuses_and_leaves_nothing():
    administrator = create_administrator()
    create_reviewer()
    with pytest.raises(NotTheFirstSetup):
        set_up(administrator)
    assert head_revision().number == 1


def test_publish_alone__editors_exist_but_no_reviewer__is_still_the_first_setup():
    administrator = create_administrator()
    create_editor()
    create_reviewer(is_active=False)
    change = create_change(author=administrator)
    assert publish_alone(change=change, actor=administrator, now=NOW).number == 2
    assert reloaded(change).status is ChangeState.PUBLISHED


def test_publish_alone__editor__refuses():
    author = create_editor()
    with pytest.raises(NotAllowed):
        publish_alone(change=create_change(author=author), actor=author, now=NOW)
