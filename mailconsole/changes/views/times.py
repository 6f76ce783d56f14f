"""The times of a change, each verb by POST: when it is published by itself, and when it ends."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailconsole.accounts.models import User
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.models import Change
from mailconsole.changes.moments import typed_moment, typed_moment_or_none
from mailconsole.changes.services.move_end import prolong_change, shorten_change
from mailconsole.changes.services.schedule_publish import cancel_schedule, schedule_publish
from mailconsole.changes.services.set_expiry import set_expiry
from mailconsole.changes.views.acts import act_on_change, said
from mailconsole.common.refusals import Refusal


@act_on_change
def schedule(request: HttpRequest, change: Change, actor: User) -> str:
    at = typed_moment(said(request, "at"))
    schedule_publish(
        change=change, actor=actor, at=at, digest=said(request, "digest"), now=timezone.now(), request=request
    )
    return "It is published by itself at that time, if everything still holds then."


@act_on_change
def unschedule(request: HttpRequest, change: Change, actor: User) -> str:
    cancel_schedule(change=change, actor=actor, now=timezone.now(), request=request)
    return "It is not published by itself any more. It stays approved."


@act_on_change
def expire(request: HttpRequest, change: Change, actor: User) -> str:
    expires_at = typed_moment_or_none(said(request, "expires_at"))
    set_expiry(change=change, actor=actor, expires_at=expires_at, now=timezone.now(), request=request)
    return "It ends by itself then: approving it approves that too." if expires_at else "It has no end."


@act_on_change
def shorten(request: HttpRequest, change: Change, actor: User) -> str:
    ends_at = typed_moment_or_none(said(request, "ends_at")) or timezone.now()
    shorten_change(
        change=change, actor=actor, ends_at=ends_at, reason=said(request, "reason"), now=timezone.now(), request=request
    )
    return "It ends earlier now."


@require_POST
def prolong(request: HttpRequest, pk: int) -> HttpResponse:
    """Leads to the draft that it makes."""
    change = get_object_or_404(Change, pk=pk)
    try:
        draft = prolong_change(
            change=change,
            actor=actor_of(request),
            until=typed_moment_or_none(said(request, "until")),
            reason=said(request, "reason"),
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("changes:detail", pk)
    messages.success(request, "This draft moves the end. Submit it for review; until it is published the end stays.")
    return redirect("changes:detail", draft.pk)
