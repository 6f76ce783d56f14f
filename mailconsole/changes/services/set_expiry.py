"""Give a draft an end, at which it is taken back by itself. It is approved with the change: setting it is an edit."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.moments import refuse_far
from mailconsole.changes.refusals import BadTime
from mailconsole.changes.services.ground import go, locked, note, require, require_author, void_reviews
from mailconsole.changes.states import Arrow


@transaction.atomic
def set_expiry(
    *, change: Change, actor: User, expires_at: datetime | None, now: datetime, request: HttpRequest | None = None
) -> Change:
    """None takes the end away. Raises NotAllowed, NotYourChange, WrongState, BadTime."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    if expires_at is not None and expires_at <= now:
        raise BadTime("That time has passed: name a later one.")
    if expires_at is not None:
        refuse_far(expires_at, now=now)
    if change.expires_at == expires_at:
        return change
    before = change.expires_at
    go(change, Arrow.EDIT, now=now, expires_at=expires_at)
    void_reviews(change)
    words = (
        f"“{change.title}” ends on {expires_at:%Y-%m-%d %H:%M} UTC" if expires_at else f"“{change.title}” has no end"
    )
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request,
         before={"expires_at": before.isoformat() if before else None},
         after={"expires_at": expires_at.isoformat() if expires_at else None})  # fmt: skip
    return change
