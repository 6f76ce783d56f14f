"""The SMTP sessions of a message or a refusal, as the node's protocol logs have them."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.tracking.models import Refusal as RefusalRow
from mailconsole.tracking.services.protocol import CUT, Protocol, find_protocol
from mailconsole.tracking.views.messages import find_message


@require_safe
def message_protocol(request: HttpRequest, node: str, queue_id: str) -> HttpResponse:
    """Of one message: the session that it came in by, and those that it went out by."""
    message = find_message(node, queue_id)
    return _page(request, node, message.queue_id, message.received_at, timezone.now(), f"message {message.queue_id}")


@require_safe
def refusal_protocol(request: HttpRequest, key: int) -> HttpResponse:
    """Of one refusal: the session in which it was said."""
    refusal = get_object_or_404(RefusalRow.objects.select_related("node"), pk=key)
    at = refusal.received_at
    return _page(request, refusal.node.name, refusal.session_id, at, at + timedelta(hours=1), "a refusal")


def _page(request: HttpRequest, node: str, needle: str, at: datetime, until: datetime, what: str) -> HttpResponse:
    found = Protocol({})
    problem = ""
    try:
        found = find_protocol(node=node, needle=needle, at=at, until=until)
    except Refusal as refused:
        problem = str(refused)
    context = {
        "node": node,
        "what": what,
        "sessions": found.sessions,
        "problem": problem,
        "cut": CUT if found.is_cut else "",
    }
    return render_page(request, "tracking/protocol.html", context)
