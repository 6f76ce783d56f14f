"""Say something about a change."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, Comment
from mailconsole.changes.refusals import ReasonMissing
from mailconsole.changes.services.ground import note, require

MAX_LENGTH = 5000


@transaction.atomic
def comment_on_change(
    *, change: Change, actor: User, text: str, now: datetime, request: HttpRequest | None = None
) -> Comment:
    """Editors and reviewers do. Raises NotAllowed, ReasonMissing."""
    if Role.REVIEWER.value not in actor.role_names:
        require(actor, Role.EDITOR)
    if not text.strip():
        raise ReasonMissing("The comment is empty.")
    comment = Comment.objects.create(change=change, author=actor, text=text.strip()[:MAX_LENGTH], created_at=now)
    note(actor, "commented", change, f"Commented on “{change.title}”", now=now, request=request, reason=comment.text)
    return comment
