"""Give a change up."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import go, locked, note, require, require_author, seal_of, void_reviews
from mailconsole.changes.states import Arrow


@transaction.atomic
def withdraw_change(
    *, change: Change, actor: User, now: datetime, reason: str = "", request: HttpRequest | None = None
) -> Change:
    """Its author does; an administrator may where the author is gone. Raises NotAllowed, NotYourChange, WrongState."""
    require(actor, Role.EDITOR)
    change = locked(change)
    if change.author.is_active or not actor.is_administrator:
        require_author(change, actor)
    go(change, Arrow.WITHDRAW, now=now)
    void_reviews(change)
    note(actor, Arrow.WITHDRAW.past, change, f"Withdrew “{change.title}”", now=now, request=request, reason=reason,
         after=seal_of(change))  # fmt: skip
    return change
