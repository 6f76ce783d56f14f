"""Ask for a review."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import BadTime, Conflict, InvalidDocument, NothingToEnd, NothingToSubmit
from mailconsole.changes.services.ground import (
    check_arrow,
    go,
    locked,
    note,
    prolonged_by,
    require,
    require_author,
    require_reach,
)
from mailconsole.changes.services.plan import Plan, plan_change
from mailconsole.changes.services.tell import reviewers_of, tell
from mailconsole.changes.states import Arrow, News
from transport.config.words import plain


@transaction.atomic
def submit_change(*, change: Change, actor: User, now: datetime, request: HttpRequest | None = None) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState, NothingToSubmit, Conflict, InvalidDocument, BadTime,
    NothingToEnd."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    check_arrow(change, Arrow.SUBMIT)
    plan = plan_change(change, now=now)
    check_plan(change, plan)
    require_reach(actor, Role.EDITOR, (*plan.changes, *prolonged_by(change)))
    check_end(change, now=now)
    go(change, Arrow.SUBMIT, now=now, submitted_at=now)
    asks = f"{actor} asks for a review of “{change.title}”"
    tell(News.REVIEW_WANTED, change, reviewers_of(change, now=now), asks, by=actor, now=now)
    words = f"Asked for a review of “{change.title}”"
    after = {"digest": plan.digest, "plan": plain(plan.sentences)}
    note(actor, Arrow.SUBMIT.past, change, words, now=now, request=request, after=after, reason=change.reason)
    return change


def check_plan(change: Change, plan: Plan) -> None:
    """Raises NothingToSubmit, Conflict, InvalidDocument where the plan could not become a revision."""
    if plan.is_empty and change.prolongs_id is None:
        raise NothingToSubmit(f"“{change.title}” changes nothing.")
    if plan.conflicts:
        raise Conflict(plan.conflicts)
    if plan.errors:
        raise InvalidDocument(plan.errors)


def check_end(change: Change, *, now: datetime) -> None:
    """Raises BadTime, NothingToEnd where an end that it names has come already, its own or the one that it moves."""
    if change.expires_at is not None and change.expires_at <= now:
        raise BadTime(f"“{change.title}” would end on {change.expires_at:%Y-%m-%d %H:%M} UTC: that has passed.")
    if change.prolonged_to is not None and change.prolonged_to <= now:
        raise BadTime(f"{change.prolonged_to:%Y-%m-%d %H:%M} UTC has passed: it can't be the new end.")
    if change.prolongs is not None and not change.prolongs.is_to_end:
        raise NothingToEnd(f"“{change.prolongs.title}” has ended, or has no end any more.")
