"""Messages: search, and one message's page."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.db.models import Case, When
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import render_page
from mailconsole.tracking.explained import explain_urls
from mailconsole.tracking.forms import MessageFilterForm
from mailconsole.tracking.models import Message, MessageRecipient
from mailconsole.tracking.services.life import events_of
from mailconsole.tracking.services.search import Position, search_messages, severities
from mailconsole.tracking.timeline import TimelineStep, timeline
from transport.model.envelope import decode_queue_id, encode_queue_id

MAX_RECIPIENTS = 200
MAX_EVENTS = 1000
EXPORT_PAGE = 1000
EXPORT_ROWS = 50_000
_WORST_FIRST = Case(
    *[When(state=state, then=rank) for rank, state in enumerate(("failed", "deferred", "suspended", "pending"))],
    default=9,
)
EXPORT_COLUMNS = (
    "received_at",
    "queue_id",
    "node",
    "status",
    "sender",
    "recipient_count",
    "subject",
    "size_bytes",
    "internet_message_id",
    "peer",
    "connector_id",
    "identity",
    "revision",
    "audit_severity",
)


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """Search, newest first."""
    form = MessageFilterForm(request.GET)
    page = search_messages(form.query, after=position(request))
    return render_page(
        request,
        "tracking/messages.html",
        {
            "form": form,
            "page": page,
            "recipients": _first_recipients(page.messages),
            "severities": severities(page.messages),
        },
        fragment="tracking/_messages.html",
    )


@require_safe
def message_export(request: HttpRequest, form: str) -> HttpResponse:
    """What the list shows, as a file."""
    rows = _exported(MessageFilterForm(request.GET))
    return export_response(rows=rows, columns=EXPORT_COLUMNS, form=ExportFormat(form), name="messages")


@require_safe
def message_detail(request: HttpRequest, node: str, queue_id: str) -> HttpResponse:
    """One message: what it is, who gets it, and everything that happened."""
    message = find_message(node, queue_id)
    events = events_of(message, limit=MAX_EVENTS)
    mark = f"{len(events)}-{message.status}"
    if request.GET.get("seen") == mark:
        return HttpResponse(status=204)
    steps = timeline(events)
    context = {
        "message": message,
        "severity": severities([message]).get(message.pk),
        "recipients": message.recipients.order_by(_WORST_FIRST, "pk")[:MAX_RECIPIENTS],
        "recipients_in_all": message.recipients.count(),
        "max_recipients": MAX_RECIPIENTS,
        "steps": steps,
        "is_cut": len(events) == MAX_EVENTS,
        "mark": mark,
        "related": _related(steps),
        **explain_urls(message),
        "elsewhere": Message.objects.filter(spool_id=message.spool_id).exclude(pk=message.pk).select_related("node"),
    }
    return render_page(request, "tracking/message.html", context, fragment="tracking/_message.html")


@require_safe
def message_explain(request: HttpRequest, node: str, queue_id: str) -> HttpResponse:
    """Explain with the message as it was decided, for pages that know its queue id alone; else its own page."""
    urls = explain_urls(find_message(node, queue_id))
    return redirect(urls["decided_url"]) if urls else redirect("tracking:message", node, queue_id)


def find_message(node: str, queue_id: str) -> Message:
    """The message of that node. Raises Http404."""
    try:
        spool_id = decode_queue_id(queue_id)
    except ValueError:
        raise Http404 from None
    return get_object_or_404(Message.objects.select_related("node"), node__name=node, spool_id=spool_id)


def position(request: HttpRequest) -> Position | None:
    """Where the page begins; an address that was tampered with begins at the top."""
    try:
        return Position.parse(request.GET.get("after", ""))
    except ValueError:
        return None


def _first_recipients(messages: list[Message]) -> dict[int, str]:
    """One recipient for each message of the page: the list says "and 3 more"."""
    rows = MessageRecipient.objects.filter(message__in=messages).order_by("-pk").values_list("message_id", "address")
    return dict(rows)


def _related(steps: list[TimelineStep]) -> dict[int, str]:
    """The queue ids of notifications, and of the messages that they are about."""
    return {step.related_id: encode_queue_id(step.related_id) for step in steps if step.related_id}


def _exported(form: MessageFilterForm) -> Iterator[dict[str, Any]]:
    after, count, query = None, 0, form.query
    while count < EXPORT_ROWS:
        page = search_messages(query, after=after, size=EXPORT_PAGE)
        grave = severities(page.messages)
        for message in page.messages:
            severity = grave[message.pk].label if message.pk in grave else ""
            said = {name: getattr(message, name, "") for name in EXPORT_COLUMNS}
            yield said | {"node": message.node.name, "audit_severity": severity}
        count, after = count + len(page.messages), page.following
        if after is None:
            return
