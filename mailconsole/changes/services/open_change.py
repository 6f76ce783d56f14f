"""Begin a draft."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.services.ground import note, require
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.states import ChangeState

UNTITLED = "Untitled change"


@transaction.atomic
def open_change(
    *,
    author: User,
    now: datetime,
    title: str = "",
    reason: str = "",
    ticket: str = "",
    request: HttpRequest | None = None,
) -> Change:
    """A new draft on the head. Raises NotAllowed."""
    require(author, Role.EDITOR)
    change = Change.objects.create(
        title=title.strip()[:200] or UNTITLED,
        reason=reason.strip(),
        ticket=ticket.strip()[:100],
        author=author,
        base=head_revision(),
        created_at=now,
        updated_at=now,
    )
    note(author, "opened", change, f"Opened the draft “{change.title}”", now=now, request=request,
         reason=change.reason, after={"base": change.base.number, "digest": change.base.digest})  # fmt: skip
    return change


def current_draft(author: User) -> Change | None:
    """The draft that this person's edits go into: the one they touched last."""
    drafts = Change.objects.filter(author=author, state=ChangeState.DRAFT).select_related("base", "author")
    return drafts.order_by("-updated_at").first()
