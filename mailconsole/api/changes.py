"""Changes over HTTP: the same services, the same refusals."""

from __future__ import annotations

import json
from typing import Annotated, Any

from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Body, Router, Status
from pydantic import AfterValidator, Field

from mailconsole.api import shapes
from mailconsole.api.auth import actor_of
from mailconsole.api.config import body_of
from mailconsole.api.openapi import DOCUMENT
from mailconsole.api.schemas import ChangeOut, ChangeRow, Description, ImpactOut, NewChange, PlanOut
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import NothingRecorded, WrongState
from mailconsole.changes.services.approvals import approvals_of
from mailconsole.changes.services.describe_change import describe_change
from mailconsole.changes.services.discard_item import discard_item
from mailconsole.changes.services.impact import WINDOW_DAYS, WINDOWS, impact_of
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.plan import plan_change
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.changes.states import ChangeState
from transport.config import text

router = Router(tags=["changes"])
Limit = Annotated[int, Field(ge=1, le=200)]
Value = Body[dict[str, Any]]


def _window(days: int) -> int:
    """Raises ValueError."""
    if days not in WINDOWS:
        raise ValueError(f"Give one of {', '.join(map(str, WINDOWS))} days.")
    return days


Window = Annotated[int, AfterValidator(_window)]


@router.get("", response=list[ChangeRow])
def list_changes(
    request: HttpRequest, state: ChangeState | None = None, is_review_owed: bool | None = None, limit: Limit = 50
) -> Any:
    """The changes that were touched last."""
    rows = Change.objects.select_related("author").order_by("-updated_at")
    if is_review_owed is not None:
        rows = rows.filter(is_review_owed=is_review_owed)
    return [shapes.change_row(one) for one in (rows.filter(state=state) if state else rows)[:limit]]


@router.post("", response={201: ChangeOut})
def create(request: HttpRequest, said: NewChange) -> Any:
    """Open a draft."""
    actor, now = actor_of(request), timezone.now()
    with transaction.atomic():
        change = open_change(
            author=actor, now=now, title=said.title, reason=said.reason, ticket=said.ticket, request=request
        )
        if said.document is not None:
            document = text.load(json.dumps(said.document), onto=load_document(change.base))
            stage_document(change=change, actor=actor, document=document, now=now, request=request)
    return Status(201, shapes.change_out(change))


@router.get("/{int:pk}", response=ChangeOut)
def get(request: HttpRequest, pk: int) -> Any:
    """One change, with its items and reviews."""
    return shapes.change_out(change_of(pk))


@router.get("/{int:pk}/plan", response=PlanOut)
def plan(request: HttpRequest, pk: int) -> Any:
    """What would happen on publish; its digest is what to approve."""
    change, now = change_of(pk), timezone.now()
    planned = plan_change(change, now=now)
    return shapes.plan_out(planned, approvals_of(change, planned, now=now))


@router.get("/{int:pk}/impact", response={200: ImpactOut, 202: ImpactOut})
def impact(request: HttpRequest, pk: int, days: Window = WINDOW_DAYS) -> Any:
    """What the change would have done to the traffic of the last days. 202 while a worker replays: ask again."""
    change = change_of(pk)
    _refuse_closed(change)
    run = impact_of(change, now=timezone.now(), days=days)
    if run is None:
        raise NothingRecorded("Nothing records attempts here.")
    return Status(202 if run.state_value.is_going else 200, shapes.impact_out(run))


@router.post("/{int:pk}/impact", response={202: ImpactOut})
def impact_again(request: HttpRequest, pk: int, days: Window = WINDOW_DAYS) -> Any:
    """Have recent traffic replayed anew."""
    change = change_of(pk)
    _refuse_closed(change)
    run = impact_of(change, now=timezone.now(), days=days, is_anew=True)
    if run is None:
        raise NothingRecorded("Nothing records attempts here.")
    return Status(202, shapes.impact_out(run))


@router.patch("/{int:pk}", response=ChangeOut)
def describe(request: HttpRequest, pk: int, said: Description) -> Any:
    """Title, reason and ticket."""
    change = describe_change(
        change=change_of(pk),
        actor=actor_of(request),
        title=said.title,
        reason=said.reason,
        ticket=said.ticket,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change)


@router.put("/{int:pk}/document", response=ChangeOut, openapi_extra=DOCUMENT)
def put_document(request: HttpRequest, pk: int) -> Any:
    """Make the draft lead to the document in the body, YAML or JSON; left out sections stay as in its base."""
    change = change_of(pk)
    document = text.load(body_of(request), onto=load_document(change.base))
    stage_document(change=change, actor=actor_of(request), document=document, now=timezone.now(), request=request)
    return shapes.change_out(change_of(pk))


@router.post("/{int:pk}/items/{kind}", response={201: ChangeOut})
def add_item(request: HttpRequest, pk: int, kind: str, value: Value) -> Any:
    """Stage a new object."""
    return Status(201, _staged(request, pk, kind, "", value))


@router.put("/{int:pk}/items/{kind}/{path:object_id}", response=ChangeOut)
def put_item(request: HttpRequest, pk: int, kind: str, object_id: str, value: Value) -> Any:
    """Stage the object as it shall be."""
    return _staged(request, pk, kind, object_id, value)


@router.delete("/{int:pk}/items/{kind}/{path:object_id}", response=ChangeOut)
def delete_item(request: HttpRequest, pk: int, kind: str, object_id: str) -> Any:
    """Stage the object's deletion."""
    return _staged(request, pk, kind, object_id, None)


@router.post("/{int:pk}/discard/{kind}/{path:object_id}", response=ChangeOut)
def discard(request: HttpRequest, pk: int, kind: str, object_id: str) -> Any:
    """Take an item out of the change."""
    discard_item(
        change=change_of(pk),
        actor=actor_of(request),
        kind=kind,
        object_id=object_id,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))


def _refuse_closed(change: Change) -> None:
    """Raises WrongState."""
    if not change.status.is_open:
        raise WrongState(f"“{change.title}” is {change.status.label.lower()}: there is nothing to foretell.")


def change_of(pk: int) -> Change:
    return get_object_or_404(Change.objects.select_related("author", "base"), pk=pk)


def _staged(request: HttpRequest, pk: int, kind: str, object_id: str, value: dict[str, Any] | None) -> ChangeOut:
    stage_item(
        change=change_of(pk),
        actor=actor_of(request),
        kind=kind,
        object_id=object_id,
        after=value,
        now=timezone.now(),
        request=request,
    )
    return shapes.change_out(change_of(pk))
