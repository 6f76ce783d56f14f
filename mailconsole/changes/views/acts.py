"""One view for each arrow and each verb: parse, call one service, answer. By POST only."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailconsole.accounts.models import User
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.bootstrap import publish_alone
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.discard_item import discard_item
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.restore_revision import restore_revision
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_back import take_back
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.services.withdraw_change import withdraw_change
from mailconsole.changes.states import ChangeState
from mailconsole.changes.views.items import anchor_of
from mailconsole.changes.views.unsaid import keep_unsaid
from mailconsole.common import storable
from mailconsole.common.refusals import Refusal
from transport.config.document import SECTIONS

Act = Callable[[HttpRequest, Change, User], str]


def act_on_change(act: Act) -> Callable[..., HttpResponse]:
    """Say what the act returned, or why it was refused, on the change's page."""

    @require_POST
    @wraps(act)
    def view(request: HttpRequest, pk: int) -> HttpResponse:
        change = get_object_or_404(Change, pk=pk)
        try:
            messages.success(request, act(request, change, actor_of(request)))
        except Refusal as refusal:
            messages.error(request, str(refusal))
            keep_unsaid(request, change)
        return redirect(reverse("changes:detail", args=[change.pk]) + _place(request))

    return view


def _place(request: HttpRequest) -> str:
    """Back to the item that it was about."""
    kind, object_id = said(request, "kind"), said(request, "object_id")
    return f"#{anchor_of(kind, quote(object_id))}" if kind in SECTIONS and object_id else ""


def said(request: HttpRequest, name: str) -> str:
    return storable.text(request.POST.get(name, "")).strip()


@act_on_change
def submit(request: HttpRequest, change: Change, actor: User) -> str:
    submit_change(change=change, actor=actor, now=timezone.now(), request=request)
    return "It waits for a reviewer now."


@act_on_change
def approve(request: HttpRequest, change: Change, actor: User) -> str:
    approve_change(
        change=change,
        actor=actor,
        digest=said(request, "digest"),
        comment=said(request, "comment"),
        now=timezone.now(),
        request=request,
    )
    change.refresh_from_db()
    if change.status is not ChangeState.APPROVED:
        return "You approved it. It waits for somebody else's approval too."
    return "Approved. It takes effect when it is published."


@act_on_change
def give_back(request: HttpRequest, change: Change, actor: User) -> str:
    request_changes(
        change=change,
        actor=actor,
        digest=said(request, "digest"),
        comment=said(request, "comment"),
        now=timezone.now(),
        request=request,
    )
    return "Given back to its author."


@act_on_change
def publish(request: HttpRequest, change: Change, actor: User) -> str:
    revision = publish_change(
        change=change, actor=actor, digest=said(request, "digest"), now=timezone.now(), request=request
    )
    return f"Published as revision {revision}. Each node reports below when it runs it."


@act_on_change
def publish_freely(request: HttpRequest, change: Change, actor: User) -> str:
    revision = publish_without_approval(
        change=change, actor=actor, digest=said(request, "digest"), now=timezone.now(), request=request
    )
    return f"Published as revision {revision}; by the approval rules nobody else had to agree. The audit says so."


@act_on_change
def publish_without_others(request: HttpRequest, change: Change, actor: User) -> str:
    revision = publish_alone(
        change=change, actor=actor, digest=said(request, "digest"), now=timezone.now(), request=request
    )
    return f"Published as revision {revision}; the audit says that nobody else could review."


@act_on_change
def break_glass(request: HttpRequest, change: Change, actor: User) -> str:
    revision = break_glass_publish(
        change=change,
        actor=actor,
        reason=said(request, "reason"),
        digest=said(request, "digest"),
        now=timezone.now(),
        request=request,
    )
    return f"Published without a review as revision {revision}. Everybody sees that, and a review is owed."


@act_on_change
def review_later(request: HttpRequest, change: Change, actor: User) -> str:
    review_afterwards(change=change, actor=actor, comment=said(request, "comment"), now=timezone.now(), request=request)
    return "The review that was owed is done."


@act_on_change
def go_on(request: HttpRequest, change: Change, actor: User) -> str:
    take_back(change=change, actor=actor, now=timezone.now(), request=request)
    return "It is your open draft now: what you edit goes into it."


@act_on_change
def withdraw(request: HttpRequest, change: Change, actor: User) -> str:
    withdraw_change(change=change, actor=actor, reason=said(request, "reason"), now=timezone.now(), request=request)
    return "Withdrawn. Nothing of it was ever in effect."


@act_on_change
def comment(request: HttpRequest, change: Change, actor: User) -> str:
    comment_on_change(
        change=change,
        actor=actor,
        text=said(request, "text"),
        kind=said(request, "kind"),
        object_id=said(request, "object_id"),
        now=timezone.now(),
        request=request,
    )
    return "Your comment is kept."


@act_on_change
def describe(request: HttpRequest, change: Change, actor: User) -> str:
    """By the button; `save_words` is the same for a form that saves itself."""
    _describe(request, change, actor)
    return "Saved."


@require_POST
def save_words(request: HttpRequest, pk: int) -> HttpResponse:
    """For the place beside the button: the time at which it was saved, or with 409 why it was not."""
    change = get_object_or_404(Change, pk=pk)
    try:
        _describe(request, change, actor_of(request))
    except Refusal as refusal:
        return HttpResponse(str(refusal), status=409, content_type="text/plain")
    return HttpResponse(f"Saved {timezone.localtime():%H:%M}", content_type="text/plain")


def _describe(request: HttpRequest, change: Change, actor: User) -> None:
    """What is not said stays as it is: a form that saves itself sends what was typed."""
    words = {
        name: said(request, name) if name in request.POST else getattr(change, name)
        for name in ("title", "reason", "ticket")
    }
    describe_change(change=change, actor=actor, now=timezone.now(), request=request, **words)


@act_on_change
def discard(request: HttpRequest, change: Change, actor: User) -> str:
    discard_item(
        change=change,
        actor=actor,
        kind=said(request, "kind"),
        object_id=said(request, "object_id"),
        now=timezone.now(),
        request=request,
    )
    return "The item is taken out of the change."


@act_on_change
def take_it_over(request: HttpRequest, change: Change, actor: User) -> str:
    take_over(change=change, actor=actor, reason=said(request, "reason"), now=timezone.now(), request=request)
    return "It is your draft now. Whoever wrote it before was told, and can't approve it either."


@require_POST
def restore(request: HttpRequest, number: int) -> HttpResponse:
    """A draft that leads back to this revision."""
    revision: Any = get_object_or_404(Revision, number=number)
    try:
        change = restore_revision(
            revision=revision,
            actor=actor_of(request),
            reason=said(request, "reason"),
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("changes:revision", number)
    messages.success(
        request, f"This draft makes the configuration as it was in revision {number}. Submit it for review."
    )
    return redirect("changes:detail", change.pk)
