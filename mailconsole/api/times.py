"""The times of a change over HTTP: when it is published by itself, and when it ends."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.changes import change_of
from mailconsole.api.schemas import At, ChangeOut, Earlier, End, Longer
from mailconsole.changes.services.move_end import prolong_change, shorten_change
from mailconsole.changes.services.schedule_publish import cancel_schedule, schedule_publish
from mailconsole.changes.services.set_expiry import set_expiry

router = Router(tags=["changes"])


@router.post("/{int:pk}/schedule", response=ChangeOut)
def schedule(request: HttpRequest, pk: int, said: At) -> Any:
    """Have an approved change published at a time, in one's own name."""
    schedule_publish(
        change=change_of(pk),
        actor=actor_of(request),
        at=said.at,
        digest=said.digest,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/cancel-schedule", response=ChangeOut)
def unschedule(request: HttpRequest, pk: int) -> Any:
    """Take that time back; it stays approved."""
    cancel_schedule(change=change_of(pk), actor=actor_of(request), now=timezone.now(), request=request)
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/expire", response=ChangeOut)
def expire(request: HttpRequest, pk: int, said: End) -> Any:
    """Give a draft an end, at which it is taken back by itself."""
    set_expiry(
        change=change_of(pk), actor=actor_of(request), expires_at=said.expires_at, now=timezone.now(), request=request
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/shorten", response=ChangeOut)
def shorten(request: HttpRequest, pk: int, said: Earlier) -> Any:
    """End a change that is in effect earlier than was approved."""
    shorten_change(
        change=change_of(pk),
        actor=actor_of(request),
        ends_at=said.ends_at,
        reason=said.reason,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/prolong", response={201: ChangeOut})
def prolong(request: HttpRequest, pk: int, said: Longer) -> Any:
    """A draft that moves the end, or takes it away."""
    draft = prolong_change(
        change=change_of(pk),
        actor=actor_of(request),
        until=said.until,
        reason=said.reason,
        now=timezone.now(),
        request=request,
    )
    return Status(201, shapes.change_out(draft))
