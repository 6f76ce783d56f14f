"""Restoring an old revision, and bringing a draft up to date."""

from __future__ import annotations

import pytest

from mailconsole.changes.refusals import Conflict, NotAllowed, NothingToSubmit
from mailconsole.changes.services.break_glass import break_glass_publish
from mailconsole.changes.services.bring_up_to_date import Side, bring_up_to_date
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_administrator, create_editor, create_viewer

pytestmark = pytest.mark.django_db


def test_restore_revision__is_a_change_that_leads_back():
    first = head_revision()
    publish_policy()
    change = restore_revision(revision=first, actor=create_editor(), now=NOW)
    assert change.status is ChangeState.DRAFT
    assert plan_change(change, now=NOW).document == load_document(first)


def test_restore_revision__the_head_or_by_a_viewer__refuses():
    first = head_revision()
    with pytest.raises(NothingToSubmit):
        restore_revision(revision=first, actor=create_editor(), now=NOW)
    publish_policy()
    with pytest.raises(NotAllowed):
        restore_revision(revision=first, actor=create_viewer(), now=NOW)


@pytest.fixture
def moved():
    """A draft that changes owner and networks of a policy whose owner was changed meanwhile."""
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT", networks=["10.2.0.0/16"])
    publish_policy("scanners", owner="Print room", purpose="Print")
    return change


def test_bring_up_to_date__conflict_without_a_side__refuses(moved):
    with pytest.raises(Conflict):
        bring_up_to_date(change=moved, actor=moved.author, now=NOW)


@pytest.mark.parametrize(("side", "owner"), [(Side.DRAFT, "IT"), (Side.HEAD, "Print room")])
def test_bring_up_to_date__a_side_preferred__keeps_everything_else(moved, side, owner):
    change = bring_up_to_date(change=moved, actor=moved.author, now=NOW, prefer=side)
    plan = plan_change(change, now=NOW)
    assert plan.document is not None
    (policy,) = plan.document.relay_policies
    assert (policy.owner, policy.networks, policy.purpose) == (owner, ("10.2.0.0/16",), "Print")
    assert change.base == head_revision()


def test_bring_up_to_date__deleted_meanwhile__comes_back_or_goes():
    author = create_editor()
    for side, names in ((Side.DRAFT, ["Scanners"]), (Side.HEAD, [])):
        if not load_document(head_revision()).relay_policies:
            publish_policy()
        change = open_change(author=author, now=NOW)
        stage_policy(change, author, "scanners", owner="IT")
        gone = open_change(author=author, now=NOW)
        stage_item(change=gone, actor=author, kind="relay_policies", object_id="scanners", after=None, now=NOW)
        break_glass_publish(change=gone, actor=create_administrator(), reason="x", now=NOW)
        change = bring_up_to_date(change=change, actor=author, now=NOW, prefer=side)
        document = plan_change(change, now=NOW).document
        assert document is not None
        assert [one.name for one in document.relay_policies] == names


def test_bring_up_to_date__approved_change__needs_another_review():
    author = create_editor()
    change = create_change(ChangeState.APPROVED, author=author)
    bring_up_to_date(change=change, actor=author, now=NOW)
    assert reloaded(change).status is ChangeState.DRAFT
    assert change.reviews.get().is_void
