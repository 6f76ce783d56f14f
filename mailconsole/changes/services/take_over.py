"""Go on with a colleague's change in one's own name: it is a draft again, and neither of the two may approve it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import ReasonMissing, WrongState
from mailconsole.changes.services.ground import concerned_by, go, locked, note, require, require_reach, void_reviews
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, News


@transaction.atomic
def take_over(*, change: Change, actor: User, reason: str, now: datetime, request: HttpRequest | None = None) -> Change:
    """Raises NotAllowed, OutOfReach, WrongState, ReasonMissing."""
    require(actor, Role.EDITOR)
    change = locked(change)
    if change.author_id == actor.pk:
        raise WrongState(f"“{change.title}” is yours already.")
    if not reason.strip():
        raise ReasonMissing(f"Say why: {change.author} reads it.")
    require_reach(actor, Role.EDITOR, concerned_by(change))
    before = change.author
    go(change, Arrow.EDIT, now=now, author=actor)
    change.former_authors.add(before)
    void_reviews(change)
    words = f"Took “{change.title}” over from {before}"
    note(actor, "taken_over", change, words, now=now, request=request, reason=reason.strip(),
         before={"author": before.username}, after={"author": actor.username})  # fmt: skip
    text = f"{actor} took “{change.title}” over from you: {reason.strip()}"
    tell(News.TAKEN_OVER, change, [before], text, by=actor, now=now)
    return change
