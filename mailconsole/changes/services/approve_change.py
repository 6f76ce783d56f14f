"""Agree with somebody else's change, for exactly what was seen. The approval that completes it moves it on."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.refusals import CannotApproveOwnChange, WrongState
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    concerned_by,
    go,
    has_written,
    locked,
    note,
    require,
    require_reach,
)
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, ChangeState, News, Verdict


@transaction.atomic
def approve_change(
    *, change: Change, actor: User, digest: str, now: datetime, comment: str = "", request: HttpRequest | None = None
) -> Change:
    """`digest` is that of the plan that the reviewer saw.

    Raises NotAllowed, OutOfReach, CannotApproveOwnChange, WrongState, DigestMoved.
    """
    require(actor, Role.REVIEWER)
    change = locked(change)
    refuse_own(change, actor)
    check_arrow(change, Arrow.APPROVE)
    check_digest(change, digest)
    require_reach(actor, Role.REVIEWER, concerned_by(change))
    _refuse_needless(change, actor, digest, now)
    review = Review.objects.create(
        change=change, reviewer=actor, verdict=Verdict.APPROVED, comment=comment.strip(), digest=digest, created_at=now
    )
    missing = approvals_of(change, plan_change(change, now=now), now=now).missing
    if not missing:
        go(change, Arrow.APPROVE, now=now)
        tell(News.APPROVED, change, [change.author], f"“{change.title}” is approved", by=actor, now=now)
    elif change.status is ChangeState.IN_REVIEW:
        Change.objects.filter(pk=change.pk).update(updated_at=now)
    words = f"Approved “{change.title}” of {change.author}"
    words += f"; still needed: {', '.join(need.sentence.lower() for need in missing)}" if missing else ""
    note(actor, Arrow.APPROVE.past, change, words, now=now, request=request, reason=review.comment,
         after={"digest": digest})  # fmt: skip
    return change


def _refuse_needless(change: Change, actor: User, digest: str, now: datetime) -> None:
    """One person counts once; an approved change takes another only where one stopped counting. Raises WrongState."""
    if change.status is ChangeState.APPROVED and approvals_of(change, plan_change(change, now=now), now=now).is_enough:
        raise WrongState(f"“{change.title}” is approved: {change.status.sentence}")
    given = change.reviews.filter(reviewer=actor, verdict=Verdict.APPROVED, is_void=False, digest=digest)
    if given.exists():
        raise WrongState(f"You approved “{change.title}” already: it waits for somebody else.")


def refuse_own(change: Change, actor: User) -> None:
    """Law 5. Raises CannotApproveOwnChange."""
    if has_written(change, actor):
        raise CannotApproveOwnChange(f"“{change.title}” is your own change: somebody else has to approve it.")
