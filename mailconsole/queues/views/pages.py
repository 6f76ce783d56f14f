"""The Queues page and one queue's page."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.nodes.snapshots import Live, read_live
from mailconsole.queues.forms import QueueFilterForm
from mailconsole.queues.live import queue_rows, rows_of
from mailconsole.queues.merge import matches, merge_queues
from mailconsole.queues.views.messages import messages_context
from transport.model.next_hop import NextHop


@require_safe
def queue_list(request: HttpRequest) -> HttpResponse:
    """All queues of all nodes, live."""
    live = read_live()
    form = QueueFilterForm(request.GET)
    wanted = form.wanted
    context = {
        "form": form,
        "wanted": wanted,
        "live": live,
        "rows": _rows(live, wanted),
        "may_operate": user_has_role(request.user, Role.OPERATOR),
    }
    return render_page(request, "queues/list.html", context, fragment="queues/_list.html")


def _rows(live: Live, wanted: dict[str, str]) -> list[str]:
    if not any(wanted.values()):
        return [one.html for one in queue_rows(live, timezone.now())]
    return [one.html for one in rows_of(queue for queue in merge_queues(live.snapshots) if matches(queue, **wanted))]


@require_safe
def queue_detail(request: HttpRequest) -> HttpResponse:
    """One queue: why it waits, what each node does with it, and its messages."""
    key = request.GET.get("key", "")
    live = read_live()
    queue = next((one for one in merge_queues(live.snapshots) if one.key == key), None)
    if queue is None and not _is_key(key):
        raise Http404
    parts = [(one.node, part) for one in live.snapshots for part in one.queues if part.key == key]
    if _is_live_part(request):
        context = {"queue": queue, "live": live, "parts": parts}
        return render_page(request, "queues/_detail.html", context)
    context = messages_context(request) | {
        "key": key,
        "queue": queue,
        "live": live,
        "parts": parts,
    }
    return render_page(request, "queues/detail.html", context, fragment="queues/_messages.html")


def _is_live_part(request: HttpRequest) -> bool:
    """The figures above the messages, which ask for themselves again and again."""
    return request.GET.get("part") == "figures"


def _is_key(key: str) -> bool:
    try:
        NextHop.parse(key)
    except ValueError:
        return False
    return True
