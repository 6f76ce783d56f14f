"""Asking for a review."""

from __future__ import annotations

import pytest

from mailconsole.audit.models import AuditEntry
from mailconsole.changes.refusals import Conflict, InvalidDocument, NothingToSubmit, NotYourChange, WrongState
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.states import ChangeState
from tests.mailconsole.changes.kit import NOW, create_change, publish_policy, reloaded, stage_policy
from tests.support.factories import create_editor

pytestmark = pytest.mark.django_db


def test_submit_change__draft_with_items__waits_for_review_and_is_audited():
    author = create_editor()
    change = create_change(author=author)
    submit_change(change=change, actor=author, now=NOW)
    assert reloaded(change).status is ChangeState.IN_REVIEW
    entry = AuditEntry.objects.get(action="change.submitted")
    assert entry.after is not None
    assert entry.after["plan"].startswith("Relay policy *Scanners* is new: admits 10.1.0.0/16")


def test_submit_change__empty_draft__refuses():
    author = create_editor()
    with pytest.raises(NothingToSubmit):
        submit_change(change=open_change(author=author, now=NOW), actor=author, now=NOW)


def test_submit_change__broken_rule_across_objects__refuses_and_names_it():
    author = create_editor()
    change = create_change(author=author, networks=["0.0.0.0/0"])
    with pytest.raises(InvalidDocument, match="open relay"):
        submit_change(change=change, actor=author, now=NOW)
    assert reloaded(change).status is ChangeState.DRAFT


def test_submit_change__base_moved_under_the_same_field__refuses_with_conflict():
    publish_policy()
    author = create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, "scanners", owner="IT")
    publish_policy("scanners", owner="Print room")
    with pytest.raises(Conflict, match="owner of Scanners"):
        submit_change(change=change, actor=author, now=NOW)


def test_submit_change__somebody_elses_or_twice__refuses():
    author = create_editor()
    change = create_change(author=author)
    with pytest.raises(NotYourChange):
        submit_change(change=change, actor=create_editor(), now=NOW)
    submit_change(change=change, actor=author, now=NOW)
    with pytest.raises(WrongState):
        submit_change(change=change, actor=author, now=NOW)
