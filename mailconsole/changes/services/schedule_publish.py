"""Publish an approved change at a time: in a maintenance window, with every check made then, not now."""

from __future__ import annotations

from datetime import datetime, timedelta

import structlog
from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.moments import refuse_far
from mailconsole.changes.refusals import BadTime, WrongState
from mailconsole.changes.services.approvals import check_approvals
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    concerned_by,
    go,
    locked,
    note,
    prolonged_by,
    require,
    require_reach,
    seal_of,
)
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.submit_change import check_plan
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, ChangeState, News
from mailconsole.common.refusals import Refusal

LATEST = timedelta(hours=1)
"""Where nothing ran at the time, what is due is still published so much later; then its maintenance window is over."""
log = structlog.get_logger(__name__)


@transaction.atomic
def schedule_publish(
    *, change: Change, actor: User, at: datetime, digest: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """Set the time, or another one. Whoever sets it publishes it then, and must still be allowed to.

    Raises NotAllowed, WrongState, DigestMoved, BadTime, NotApproved, Conflict, InvalidDocument, NothingToSubmit.
    """
    require(actor, Role.REVIEWER)
    change = locked(change)
    check_arrow(change, Arrow.SCHEDULE)
    check_digest(change, digest)
    if at <= now:
        raise BadTime("That time has passed: publish it now, or name a later one.")
    refuse_far(at, now=now)
    if change.expires_at is not None and at >= change.expires_at:
        raise BadTime(f"It ends on {change.expires_at:%Y-%m-%d %H:%M} UTC: it can't begin later than that.")
    plan = plan_change(change, now=now)
    check_plan(change, plan)
    check_approvals(change, plan, now=now)
    require_reach(actor, Role.REVIEWER, (*plan.changes, *prolonged_by(change)))
    go(change, Arrow.SCHEDULE, now=now, publish_at=at, scheduled_by=actor, schedule_problem="")
    words = f"Scheduled “{change.title}” for {at:%Y-%m-%d %H:%M} UTC"
    after = {"publish_at": at.isoformat(), **seal_of(change)}
    note(actor, Arrow.SCHEDULE.past, change, words, now=now, request=request, after=after)
    return change


@transaction.atomic
def cancel_schedule(*, change: Change, actor: User, now: datetime, request: HttpRequest | None = None) -> Change:
    """It stays approved. Raises NotAllowed, OutOfReach, WrongState."""
    require(actor, Role.REVIEWER)
    change = locked(change)
    require_reach(actor, Role.REVIEWER, concerned_by(change))
    check_arrow(change, Arrow.UNSCHEDULE)
    if change.publish_at is None:
        raise WrongState(f"“{change.title}” is not scheduled.")
    go(change, Arrow.UNSCHEDULE, now=now, publish_at=None, scheduled_by=None)
    words = f"Took back the time at which “{change.title}” would be published"
    note(actor, Arrow.UNSCHEDULE.past, change, words, now=now, request=request, after=seal_of(change))
    return change


def publish_scheduled(*, change: Change, now: datetime) -> Revision | None:
    """Publish what is due, as whoever scheduled it. A refusal is shown with the change, which stays approved."""
    try:
        return _publish_if_due(change, now)
    except Refusal as refusal:
        _tell(change, str(refusal), now)
        return None


@transaction.atomic
def _publish_if_due(change: Change, now: datetime) -> Revision | None:
    """By the time that is set now: it may have been taken back or moved since beat listed what is due."""
    change = locked(change)
    if change.publish_at is None or change.publish_at > now or change.scheduled_by_id is None:
        return None
    if now - change.publish_at > LATEST:
        raise BadTime(
            "Mailconsole did not run then, and an hour later its window may be over. Publish it, or name a new time."
        )
    return publish_change(change=change, actor=User.objects.get(pk=change.scheduled_by_id), now=now)


@transaction.atomic
def _tell(change: Change, problem: str, now: datetime) -> None:
    # Two beats at once, or somebody who was quicker: only what is still due and approved has failed.
    due = Change.objects.filter(pk=change.pk, state=ChangeState.APPROVED, publish_at=change.publish_at)
    if due.update(publish_at=None, schedule_problem=problem, updated_at=now):
        words = f"“{change.title}” was not published at its time: {problem}"
        people = [one for one in (change.author, change.scheduled_by) if one is not None]
        tell(News.SCHEDULE_FAILED, change, people, words, now=now)
        note(None, "schedule_failed", change, words, now=now, request=None)
        log.warning("change.schedule_failed", change=change.pk)
