"""Give a draft its title, reason and ticket. These are not what is approved: reviews stay."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import WrongState
from mailconsole.changes.services.ground import locked, note, require, require_author
from mailconsole.changes.services.open_change import UNTITLED


@transaction.atomic
def describe_change(
    *,
    change: Change,
    actor: User,
    title: str,
    reason: str,
    ticket: str,
    now: datetime,
    request: HttpRequest | None = None,
) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    if not change.status.is_open:
        raise WrongState(f"“{change.title}” is {change.status.label.lower()}: its words stay as they are.")
    before = {"title": change.title, "reason": change.reason, "ticket": change.ticket}
    after = {"title": title.strip()[:200] or UNTITLED, "reason": reason.strip(), "ticket": ticket.strip()[:100]}
    if after == before:
        return change
    Change.objects.filter(pk=change.pk).update(**after, updated_at=now)
    note(
        actor,
        "described",
        change,
        f"Described “{after['title']}”",
        now=now,
        request=request,
        before=before,
        after=after,
    )
    return locked(change)
