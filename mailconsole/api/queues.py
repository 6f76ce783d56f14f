"""Queues, queued messages and hold rules over HTTP: the same services, previews and refusals as on the pages."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from django.http import HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Status
from ninja.errors import HttpError
from pydantic import Field

from mailconsole.api.auth import actor_of
from mailconsole.api.openapi import answers
from mailconsole.api.queue_shapes import (
    Done,
    ExportAsked,
    HoldAsked,
    HoldOut,
    OrderAsked,
    OrderGiven,
    OrderOut,
    PreviewOut,
    QueuedOut,
    QueuedPage,
    QueueNamed,
    QueueOut,
    Wanted,
)
from mailconsole.common.streams import streamed
from mailconsole.nodes.snapshots import read_live
from mailconsole.queues.merge import MergedQueue, merge_queues
from mailconsole.queues.models import HoldRule
from mailconsole.queues.services.bulk import OrderDone, OrderPreview, give_order, preview_order
from mailconsole.queues.services.export import export_messages
from mailconsole.queues.services.holds import add_hold_rule, lift_hold_rule
from mailconsole.queues.services.messages import export_message, list_messages
from mailconsole.queues.services.queues import QueueDone, resume_queue, retry_queue, suspend_queue
from transport.model.queue_filter import BadFilter

router = Router(tags=["queues"])
holds_router = Router(tags=["holds"])
Limit = Annotated[int, Field(ge=1, le=200)]
Offset = Annotated[int, Field(ge=0, le=10_000_000)]


@router.get("", response=list[QueueOut])
def list_queues(request: HttpRequest) -> Any:
    """Every queue of all nodes, with why it waits."""
    live = read_live()
    if not live.is_reachable:
        raise HttpError(503, "The live state can't be read: Redis doesn't answer. Mail is not affected.")
    return [_queue(one) for one in merge_queues(live.snapshots)]


@router.get("/messages", response=QueuedPage)
def messages(request: HttpRequest, wanted: Query[Wanted], offset: Offset = 0, limit: Limit = 50) -> Any:
    """Queued messages that a filter means, with why each waits."""
    page = list_messages(wanted.filter(), offset=offset, limit=limit)
    rows = [_queued(one.node, one.message.row()) for one in page.rows]
    return QueuedPage(
        total=page.total, is_partial=page.is_partial, offset=page.offset, messages=rows, problems=list(page.problems)
    )


@router.get("/messages/{node}/{queue_id}/eml", openapi_extra=answers("message/rfc822"))
def export(request: HttpRequest, node: str, queue_id: str) -> StreamingHttpResponse:
    """The message as it is stored; audited."""
    try:
        pieces = export_message(node=node, queue_id=queue_id, actor=actor_of(request), request=request)
    except ValueError as error:
        raise BadFilter(str(error)) from None
    return streamed(request, pieces, content_type="message/rfc822")


@router.post("/messages/export", openapi_extra=answers("application/zip"))
def export_all(request: HttpRequest, said: ExportAsked) -> StreamingHttpResponse:
    """All messages that a filter means as a zip: an .eml each with its envelope, and messages.csv; audited."""
    chosen = export_messages(wanted=said.filter.filter(), reason=said.reason, actor=actor_of(request), request=request)
    return streamed(request, chosen.pieces(), content_type="application/zip", file_name=chosen.file_name)


@router.post("/retry", response=Done)
def retry(request: HttpRequest, said: QueueNamed) -> Any:
    """Try everything in a queue now."""
    return _done(retry_queue(queue_key=said.queue, actor=actor_of(request), request=request))


@router.post("/suspend", response=Done)
def suspend(request: HttpRequest, said: QueueNamed) -> Any:
    """Hold a queue on every node until it is resumed."""
    return _done(suspend_queue(queue_key=said.queue, reason=said.reason, actor=actor_of(request), request=request))


@router.post("/resume", response=Done)
def resume(request: HttpRequest, said: QueueNamed) -> Any:
    """Let a suspended queue go on."""
    return _done(resume_queue(queue_key=said.queue, actor=actor_of(request), request=request))


@router.post("/orders/preview", response=PreviewOut)
def preview(request: HttpRequest, said: OrderAsked) -> Any:
    """What an order would touch; nothing is done."""
    return _preview(preview_order(verb=said.verb, wanted=said.filter.filter(), actor=actor_of(request)))


@router.post("/orders", response=OrderOut)
def order(request: HttpRequest, said: OrderGiven) -> Any:
    """Have done what was previewed. Nodes may go on after the answer (`is_finished`)."""
    return _ordered(give_order(**said.model_dump(), actor=actor_of(request), request=request))


@holds_router.get("", response=list[HoldOut])
def list_holds(request: HttpRequest, limit: Limit = 50) -> Any:
    """The newest hold rules, those that are over too."""
    return [_hold(one) for one in HoldRule.objects.all()[:limit]]


@holds_router.post("", response={201: HoldOut})
def add_hold(request: HttpRequest, said: HoldAsked) -> Any:
    """Hold mail to come."""
    done = add_hold_rule(
        wanted=said.filter.filter(),
        reason=said.reason,
        expires_at=said.expires_at,
        actor=actor_of(request),
        request=request,
    )
    return Status(201, _hold(done.rule))


@holds_router.post("/{int:pk}/lift", response=HoldOut)
def lift_hold(request: HttpRequest, pk: int) -> Any:
    """End a rule; what it holds goes on."""
    get_object_or_404(HoldRule, pk=pk)
    return _hold(lift_hold_rule(rule_id=pk, actor=actor_of(request), request=request).rule)


def _queue(one: MergedQueue) -> QueueOut:
    said = {name: getattr(one, name) for name in QueueOut.model_fields}
    return QueueOut(**said | {"status": one.status.value, "delivery_type": one.delivery_type.value})


def _queued(node: str, row: dict[str, Any]) -> QueuedOut:
    times = ("received_at", "expires_at", "next_attempt_at", "since", "until")
    moments = {name: datetime.fromtimestamp(row[name], UTC) if row[name] else None for name in times}
    return QueuedOut(node=node, **row | moments)


def _done(done: QueueDone) -> Done:
    return Done(nodes=list(done.nodes), problems=list(done.problems))


def _preview(seen: OrderPreview) -> PreviewOut:
    return PreviewOut(**{name: getattr(seen, name) for name in PreviewOut.model_fields})


def _ordered(done: OrderDone) -> OrderOut:
    return OrderOut(**{name: getattr(done, name) for name in OrderOut.model_fields})


def _hold(rule: HoldRule) -> HoldOut:
    said = {name: getattr(rule, name) for name in HoldOut.model_fields if name != "state"}
    return HoldOut(**said, state=rule.state(timezone.now()).value)
