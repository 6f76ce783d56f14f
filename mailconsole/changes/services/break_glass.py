"""Publish without a review, because mail can't wait: loud, with a reason, and a review owed."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Review, Revision
from mailconsole.changes.refusals import ReasonMissing, ReviewNotOwed, WrongState
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.approve_change import refuse_own
from mailconsole.changes.services.ground import (
    check_arrow,
    check_digest,
    concerned_by,
    digest_of,
    locked,
    note,
    require,
    require_reach,
    seal_of,
    void_reviews,
)
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.publish_change import put_into_effect
from mailconsole.changes.services.tell import everybody, tell
from mailconsole.changes.states import Arrow, ChangeState, News, Verdict, Way

log = structlog.get_logger(__name__)


@transaction.atomic
def break_glass_publish(
    *,
    change: Change,
    actor: User,
    reason: str,
    now: datetime,
    digest: str | None = None,
    request: HttpRequest | None = None,
) -> Revision:
    """`digest`, where given, is that of what the administrator saw.

    Raises NotAllowed, ReasonMissing, WrongState, DigestMoved, Conflict, InvalidDocument, NothingToSubmit.
    """
    require(actor, Role.ADMINISTRATOR)
    if not reason.strip():
        raise ReasonMissing("Say why this can't wait for a review: everybody will read it.")
    change = locked(change)
    check_arrow(change, Arrow.BREAK_GLASS)
    if change.status is ChangeState.APPROVED and approvals_of(change, plan_change(change, now=now), now=now).is_enough:
        raise WrongState(f"“{change.title}” is approved as its rules ask: publish it.")
    if digest is not None:
        check_digest(change, digest)
    void_reviews(change)
    revision = put_into_effect(
        change,
        actor=actor,
        arrow=Arrow.BREAK_GLASS,
        way=Way.BREAK_GLASS,
        now=now,
        request=request,
        reason=reason.strip(),
    )
    why = reason.strip() if reason.strip().endswith((".", "!", "?")) else f"{reason.strip()}."
    text = f"{actor} published “{change.title}” without a review: {why} A review is owed."
    tell(News.BREAK_GLASS, change, everybody(), text, by=actor, now=now)
    log.warning("change.break_glass", change=change.pk, revision=revision.number, actor=actor.pk)
    return revision


@transaction.atomic
def review_afterwards(
    *, change: Change, actor: User, comment: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """Pay the review that a break-glass owes; neither its author nor its publisher does.

    Raises NotAllowed, OutOfReach, CannotApproveOwnChange, ReasonMissing, ReviewNotOwed.
    """
    require(actor, Role.REVIEWER)
    change = locked(change)
    refuse_own(change, actor)
    require_reach(actor, Role.REVIEWER, concerned_by(change))
    if not change.is_review_owed:
        raise ReviewNotOwed(f"“{change.title}” owes no review.")
    if change.revision.published_by_id == actor.pk:
        raise ReviewNotOwed("You published it yourself: somebody else has to look at it.")
    if not comment.strip():
        raise ReasonMissing("Say what you found: what you agree with, or what should be put right.")
    Review.objects.create(
        change=change,
        reviewer=actor,
        verdict=Verdict.REVIEWED_AFTERWARDS,
        comment=comment.strip(),
        digest=digest_of(change),
        created_at=now,
    )
    Change.objects.filter(pk=change.pk).update(is_review_owed=False)
    change.is_review_owed = False
    text = f"{actor} reviewed “{change.title}” after it was published without a review: {comment.strip()}"
    published_by = change.revision.published_by
    tell(News.REVIEWED_AFTERWARDS, change, [change.author, *([published_by] if published_by else [])], text, by=actor,
         now=now)  # fmt: skip
    words = f"Reviewed “{change.title}” after it was published without a review"
    note(actor, "reviewed_afterwards", change, words, now=now, request=request, reason=comment.strip(),
         after=seal_of(change))  # fmt: skip
    return change
