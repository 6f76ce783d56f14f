"""Go on writing a change: it is a draft again, the one that this person's edits go into; approvals are void."""

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
def take_back(*, change: Change, actor: User, now: datetime, request: HttpRequest | None = None) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    void_reviews(change)
    words = f"Goes on writing “{change.title}”"
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request, after=seal_of(change))
    return change
