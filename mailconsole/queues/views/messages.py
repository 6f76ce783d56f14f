"""Queued messages: listed with why each waits, ordered about in bulk, exported."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailconsole.accounts.access import require_role, user_has_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.common.streams import streamed
from mailconsole.common.templatetags.words import wire
from mailconsole.nodes.dispatch import NodeDidNotAnswer, NodeRefusedCommand
from mailconsole.queues.forms import MessageFilterForm, OrderForm
from mailconsole.queues.merge import queue_name
from mailconsole.queues.services.bulk import NOT_COUNTED, OrderPreview, PreviewIsStale, give_order, preview_order, where
from mailconsole.queues.services.messages import MessagePage, export_message, list_messages, where_is
from mailconsole.queues.services.queues import CommandFailed
from mailconsole.queues.shown import ShownMessage, shown
from transport.model.queue_filter import BadFilter
from transport.model.queue_order import Verb

BUTTONS = (
    (Verb.RETRY, "refresh", "Retry now"),
    (Verb.SUSPEND, "player-pause", "Suspend"),
    (Verb.RESUME, "player-play", "Resume"),
    (Verb.SET_NEXT_ATTEMPT, "clock", "Next attempt"),
    (Verb.REDIRECT, "route", "Redirect"),
    (Verb.RESUBMIT, "arrow-back-up", "Resubmit"),
    (Verb.REMOVE, "trash", "Remove"),
)
LABELS = {verb: label for verb, _, label in BUTTONS}
MAX_OFFSET = 10_000_000


@require_safe
def message_list(request: HttpRequest) -> HttpResponse:
    """What waits in all queues of all nodes."""
    return render_page(request, "queues/messages.html", messages_context(request), fragment="queues/_messages.html")


def messages_context(request: HttpRequest) -> dict[str, Any]:
    """The list under the filter of the address; what can't be read is said, and lists nothing."""
    form = MessageFilterForm(request.GET)
    page, problem = MessagePage((), 0, 0), ""
    try:
        page = list_messages(form.wanted, offset=_offset(request))
    except (BadFilter, NodeDidNotAnswer, NodeRefusedCommand) as refused:
        problem = str(refused)
    return {
        "form": form,
        "page": page,
        "rows": [shown(row) for row in page.rows],
        "problem": problem,
        "buttons": BUTTONS,
        "is_filtered": any(value for name, value in request.GET.items() if name not in ("key", "offset", "part")),
        "asked": [(name, value) for name, values in request.GET.lists() for value in values
                  if value and name not in ("offset", "verb", "part")],
        "may_operate": user_has_role(request.user, Role.OPERATOR),
    }  # fmt: skip


def _offset(request: HttpRequest) -> int:
    text = request.GET.get("offset", "")
    return min(int(text[:20]), MAX_OFFSET) if text.isdecimal() and text.isascii() else 0


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.OPERATOR)
def order(request: HttpRequest) -> HttpResponse:
    """First what an order would touch, then the order."""
    verb = request.GET.get("verb", "")
    if verb not in set(Verb):
        raise Http404
    form = OrderForm(Verb(verb), request.POST or None)
    if request.method == "POST" and form.is_valid():
        answer = _give(request, form)
        if answer is not None:
            return answer
    try:
        seen = preview_order(verb=Verb(verb), wanted=MessageFilterForm(request.GET).wanted, actor=_actor(request))
    except (BadFilter, CommandFailed) as refused:
        messages.error(request, wire(refused))
        return redirect(list_behind(request))
    return render_page(request, "queues/order.html", _order_context(request, Verb(verb), seen, form))


def _order_context(request: HttpRequest, verb: Verb, seen: OrderPreview, form: OrderForm) -> dict[str, Any]:
    """Also after a form that was incomplete it is counted anew: what is confirmed is what stands on the page."""
    return {
        "verb": verb,
        "seen": seen,
        "form": form,
        "back": list_behind(request),
        "is_lossy": verb is Verb.REMOVE,
        "queues": [(queue_name(key), count) for key, count in seen.by_queue.items()],
        "chosen_by": where(seen.wanted) if not seen.wanted.is_empty else "no criterion: all of them",
        "button": f"{LABELS[verb]} ({seen.messages})",
        "not_counted": NOT_COUNTED,
    }


def _give(request: HttpRequest, form: OrderForm) -> HttpResponse | None:
    try:
        done = give_order(token=request.POST.get("token", ""), **form.said, actor=_actor(request), request=request)
    except PreviewIsStale as stale:
        messages.error(request, wire(stale))
        return redirect(request.get_full_path())
    except Refusal as refused:
        messages.error(request, wire(refused))
        return None
    (messages.success if done.done or not done.is_finished else messages.warning)(request, wire(done.sentence))
    for problem in done.problems[:5]:
        messages.warning(request, wire(problem))
    return redirect(list_behind(request))


def list_behind(request: HttpRequest) -> str:
    """The list that the order came from."""
    query = request.GET.copy()
    for name in ("verb", "message", "offset", "csrfmiddlewaretoken"):
        query.pop(name, None)
    page = "queues:detail" if query.get("key") else "queues:messages"
    return f"{reverse(page)}?{query.urlencode()}" if query else reverse(page)


@require_POST
@require_role(Role.OPERATOR)
def export(request: HttpRequest, node: str, queue_id: str) -> HttpResponse | StreamingHttpResponse:
    """One message as .eml; audited."""
    reason = request.POST.get("reason", "")
    try:
        pieces = export_message(node=node, queue_id=queue_id, actor=_actor(request), reason=reason, request=request)
    except ValueError:
        raise Http404 from None
    except (NodeDidNotAnswer, NodeRefusedCommand) as refused:
        messages.error(request, wire(refused))
        return redirect(reverse("queues:messages"))
    return streamed(request, pieces, content_type="message/rfc822", file_name=f"{queue_id}.eml")


@require_safe
def message_why(request: HttpRequest, node: str, queue_id: str) -> HttpResponse:
    """Why one message waits; a fragment of its page."""
    found: list[ShownMessage] = []
    problem = ""
    try:
        found = [shown(one) for one in where_is(node, queue_id)]
    except BadFilter:
        raise Http404 from None
    except (NodeDidNotAnswer, NodeRefusedCommand) as refused:
        problem = str(refused)
    context = {"rows": found, "problem": problem, "may_operate": user_has_role(request.user, Role.OPERATOR)}
    return render_page(request, "queues/_why.html", context)


def _actor(request: HttpRequest) -> User:
    return cast(User, request.user)
