"""Give a change back to its author, with a word about what is wanted."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review
from mailconsole.changes.refusals import ReasonMissing
from mailconsole.changes.services.approve_change import refuse_own
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    concerned_by,
    go,
    locked,
    note,
    require,
    require_reach,
    void_reviews,
)
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, News, Verdict


@transaction.atomic
def request_changes(
    *, change: Change, actor: User, digest: str, comment: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """Raises NotAllowed, OutOfReach, CannotApproveOwnChange, ReasonMissing, WrongState, DigestMoved."""
    require(actor, Role.REVIEWER)
    change = locked(change)
    refuse_own(change, actor)
    require_reach(actor, Role.REVIEWER, concerned_by(change))
    if not comment.strip():
        raise ReasonMissing("Say what should be different: the author reads it.")
    check_arrow(change, Arrow.REQUEST_CHANGES)
    check_digest(change, digest)
    go(change, Arrow.REQUEST_CHANGES, now=now)
    void_reviews(change)
    Review.objects.create(
        change=change,
        reviewer=actor,
        verdict=Verdict.CHANGES_REQUESTED,
        comment=comment.strip(),
        digest=digest,
        created_at=now,
    )
    text = f"{actor} requested changes to “{change.title}”: {comment.strip()}"
    tell(News.CHANGES_REQUESTED, change, [change.author], text, by=actor, now=now)
    words = f"Requested changes to “{change.title}” of {change.author}"
    note(actor, Arrow.REQUEST_CHANGES.past, change, words, now=now, request=request, reason=comment.strip(),
         after={"digest": digest})  # fmt: skip
    return change
