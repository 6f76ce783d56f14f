"""Agree with somebody else's change, for exactly what was seen."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.refusals import CannotApproveOwnChange
from mailconsole.changes.services.ground import check_arrow, check_digest, go, locked, note, require
from mailconsole.changes.states import Arrow, Verdict


@transaction.atomic
def approve_change(
    *, change: Change, actor: User, digest: str, now: datetime, comment: str = "", request: HttpRequest | None = None
) -> Change:
    """`digest` is that of the plan that the reviewer saw.

    Raises NotAllowed, CannotApproveOwnChange, WrongState, DigestMoved.
    """
    require(actor, Role.REVIEWER)
    change = locked(change)
    refuse_own(change, actor)
    check_arrow(change, Arrow.APPROVE)
    check_digest(change, digest)
    go(change, Arrow.APPROVE, now=now)
    review = Review.objects.create(
        change=change, reviewer=actor, verdict=Verdict.APPROVED, comment=comment.strip(), digest=digest, created_at=now
    )
    words = f"Approved “{change.title}” of {change.author}"
    note(actor, Arrow.APPROVE.past, change, words, now=now, request=request, reason=review.comment,
         after={"digest": digest})  # fmt: skip
    return change


def refuse_own(change: Change, actor: User) -> None:
    """Law 5. Raises CannotApproveOwnChange."""
    if change.author_id == actor.pk:
        raise CannotApproveOwnChange(f"“{change.title}” is your own change: somebody else has to approve it.")
