"""Where changes meet the frame of every page: the draft bar, the count of what waits."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.services.notices import unread
from mailconsole.changes.services.open_change import current_draft
from mailconsole.changes.services.waiting import waiting_for
from mailconsole.common.navigation import Badge


def draft_bar(request: HttpRequest) -> dict[str, Any] | None:
    """The person's open draft."""
    user = request.user
    if not isinstance(user, User) or Role.EDITOR.value not in user.role_names:
        return None
    draft = current_draft(user)
    if draft is None or request.path.startswith(f"/changes/{draft.pk}/"):
        return None
    return {"draft": draft, "item_count": draft.items.count()}


def waiting(request: HttpRequest) -> dict[str, Any] | None:
    """The bell: what waits for this person, and what they were told and have not read."""
    if not isinstance(request.user, User) or not request.user.role_names:
        return None
    waiting_count, notices = _count(request), unread(request.user)
    unread_count = notices.count()
    # That a change waits counts once, though one was told of it too.
    others = notices.exclude(change__in=waiting_for(request.user)).count() if unread_count else 0
    return {"count": waiting_count + others, "waiting_count": waiting_count, "unread_count": unread_count}


def badge(request: HttpRequest) -> Badge | None:
    count = _count(request)
    return Badge(count, "wait for you", is_urgent=False) if count else None


def _count(request: HttpRequest) -> int:
    """Counted once a request, for the top bar and the navigation alike."""
    known: int | None = getattr(request, "_waiting_count", None)
    if known is None:
        known = waiting_for(request.user).count() if isinstance(request.user, User) else 0
        request._waiting_count = known  # type: ignore[attr-defined]
    return known
