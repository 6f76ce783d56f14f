"""What the Overview says of changes that need a person."""

from __future__ import annotations

import pytest

from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.states import ChangeState
from mailconsole.nodes.snapshots import Live
from mailconsole.overview.live import waiting_changes
from tests.mailconsole.changes.kit import NOW, create_change
from tests.support.factories import create_administrator, create_reviewer

pytestmark = pytest.mark.django_db


def words():
    return " ".join(one.html for one in waiting_changes(Live(is_reachable=True), NOW))


def test_waiting__published_without_a_review__is_told_until_somebody_has_reviewed_it():
    author = create_administrator()
    change = create_change(ChangeState.DRAFT, author=author)
    break_glass_publish(change=change, actor=author, reason="Mail stands still", now=NOW)
    assert change.title in words()
    assert "Review owed" in words()
    review_afterwards(change=change, actor=create_reviewer(), comment="Right so", now=NOW)
    assert "No change waits" in words()
