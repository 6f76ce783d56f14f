"""The arrows of a change over HTTP: one operation, one service."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja import Router, Status

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.changes import change_of
from mailconsole.api.schemas import ChangeOut, Loud, Published, Remark, RevisionOut, Said, Seen, UpToDate, Why
from mailconsole.changes.services.approve_change import approve_change
from mailconsole.changes.services.bootstrap import publish_alone
from mailconsole.changes.services.break_glass import break_glass_publish, review_afterwards
from mailconsole.changes.services.bring_up_to_date import Choice, bring_up_to_date
from mailconsole.changes.services.comment_on_change import comment_on_change
from mailconsole.changes.services.publish_change import publish_change
from mailconsole.changes.services.publish_without_approval import publish_without_approval
from mailconsole.changes.services.request_changes import request_changes
from mailconsole.changes.services.submit_change import submit_change
from mailconsole.changes.services.take_back import take_back
from mailconsole.changes.services.take_over import take_over
from mailconsole.changes.services.withdraw_change import withdraw_change

router = Router(tags=["changes"])


@router.post("/{int:pk}/submit", response=ChangeOut)
def submit(request: HttpRequest, pk: int) -> Any:
    """Ask for a review."""
    submit_change(change=change_of(pk), actor=actor_of(request), now=timezone.now(), request=request)
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/approve", response=ChangeOut)
def approve(request: HttpRequest, pk: int, said: Seen) -> Any:
    """Agree with somebody else's change, for exactly the digest that was seen."""
    approve_change(
        change=change_of(pk),
        actor=actor_of(request),
        digest=said.digest,
        comment=said.comment,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/request-changes", response=ChangeOut)
def give_back(request: HttpRequest, pk: int, said: Seen) -> Any:
    """Give it back to its author; `comment` says what is wanted."""
    request_changes(
        change=change_of(pk),
        actor=actor_of(request),
        digest=said.digest,
        comment=said.comment,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/publish", response=RevisionOut)
def publish(request: HttpRequest, pk: int, said: Published) -> Any:
    """Put the approved change into effect."""
    revision = publish_change(
        change=change_of(pk), actor=actor_of(request), digest=said.digest, now=timezone.now(), request=request
    )
    return shapes.revision_out(revision)


@router.post("/{int:pk}/publish-freely", response=RevisionOut)
def publish_freely(request: HttpRequest, pk: int, said: Published) -> Any:
    """Put one's own change into effect where the approval rules ask nobody else."""
    revision = publish_without_approval(
        change=change_of(pk), actor=actor_of(request), digest=said.digest, now=timezone.now(), request=request
    )
    return shapes.revision_out(revision)


@router.post("/{int:pk}/publish-alone", response=RevisionOut)
def publish_without_others(request: HttpRequest, pk: int, said: Published) -> Any:
    """Put one's own change into effect as the only administrator, while nobody else could review."""
    revision = publish_alone(
        change=change_of(pk), actor=actor_of(request), digest=said.digest, now=timezone.now(), request=request
    )
    return shapes.revision_out(revision)


@router.post("/{int:pk}/take-back", response=ChangeOut)
def go_on(request: HttpRequest, pk: int) -> Any:
    """Go on writing it: a draft again, approvals void."""
    take_back(change=change_of(pk), actor=actor_of(request), now=timezone.now(), request=request)
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/withdraw", response=ChangeOut)
def withdraw(request: HttpRequest, pk: int, said: Why) -> Any:
    """Give it up."""
    withdraw_change(
        change=change_of(pk), actor=actor_of(request), reason=said.reason, now=timezone.now(), request=request
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/break-glass", response=RevisionOut)
def break_glass(request: HttpRequest, pk: int, said: Loud) -> Any:
    """Publish without a review, with a reason; a review is owed."""
    revision = break_glass_publish(
        change=change_of(pk),
        actor=actor_of(request),
        reason=said.reason,
        digest=said.digest,
        now=timezone.now(),
        request=request,
    )
    return shapes.revision_out(revision)


@router.post("/{int:pk}/review-afterwards", response=ChangeOut)
def review_later(request: HttpRequest, pk: int, said: Said) -> Any:
    """Pay the review that a break-glass owes."""
    review_afterwards(
        change=change_of(pk), actor=actor_of(request), comment=said.comment, now=timezone.now(), request=request
    )
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/comments", response={201: None})
def comment(request: HttpRequest, pk: int, said: Remark) -> Any:
    """Say something about it, or about one of its items."""
    comment_on_change(
        change=change_of(pk),
        actor=actor_of(request),
        text=said.comment,
        kind=said.kind,
        object_id=said.object_id,
        now=timezone.now(),
        request=request,
    )
    return Status(201, None)


@router.post("/{int:pk}/take-over", response=ChangeOut)
def take_it_over(request: HttpRequest, pk: int, said: Why) -> Any:
    """Go on with a colleague's change in one's own name; `reason` is told to them."""
    take_over(change=change_of(pk), actor=actor_of(request), reason=said.reason, now=timezone.now(), request=request)
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/bring-up-to-date", response=ChangeOut)
def update(request: HttpRequest, pk: int, said: UpToDate) -> Any:
    """Put a draft onto the newest revision; conflicts are settled field by field."""
    bring_up_to_date(
        change=change_of(pk),
        actor=actor_of(request),
        prefer=said.prefer,
        choices={(one.kind, one.object_id, one.field): Choice(one.side, one.value) for one in said.settled},
        seen_head=said.head,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))
