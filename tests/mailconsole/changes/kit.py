"""Changes at any point of their life."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.ground import digest_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.withdraw_change import withdraw_change
from mailconsole.changes.states import ChangeState
from tests.support.factories import create_editor, create_reviewer

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
D, R, A = ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED

SCANNERS: dict[str, Any] = {
    "name": "Scanners",
    "networks": ["10.1.0.0/16"],
    "owner": "Facilities",
    "purpose": "Scan to mail",
}


def policy(**fields: Any) -> dict[str, Any]:
    return SCANNERS | fields


def stage_policy(change: Change, author: User, object_id: str = "", **fields: Any) -> str:
    return stage_item(
        change=change, actor=author, kind="relay_policies", object_id=object_id, after=policy(**fields), now=NOW
    )


def create_change(
    at: ChangeState = D, *, author: User | None = None, reviewer: User | None = None, **fields: Any
) -> Change:
    """A change that makes a relay policy with these fields, in the state `at`."""
    author = author or create_editor()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, **fields)
    if at in (R, A, ChangeState.PUBLISHED):
        submit_change(change=change, actor=author, now=NOW)
    if at in (A, ChangeState.PUBLISHED):
        reviewer = reviewer or create_reviewer()
        approve_change(change=change, actor=reviewer, digest=digest_of(change), now=NOW)
    if at is ChangeState.PUBLISHED:
        assert reviewer is not None
        publish_change(change=change, actor=reviewer, now=NOW)
    if at is ChangeState.WITHDRAWN:
        withdraw_change(change=change, actor=author, now=NOW)
    return reloaded(change)


def publish_policy(object_id: str = "", **fields: Any) -> Change:
    """Somebody's published change of one policy."""
    author, reviewer = create_editor(), create_reviewer()
    change = open_change(author=author, now=NOW)
    stage_policy(change, author, object_id, **fields)
    submit_change(change=change, actor=author, now=NOW)
    approve_change(change=change, actor=reviewer, digest=digest_of(change), now=NOW)
    publish_change(change=change, actor=reviewer, now=NOW)
    return reloaded(change)


def reloaded(change: Change) -> Change:
    return Change.objects.select_related("author", "base").get(pk=change.pk)
