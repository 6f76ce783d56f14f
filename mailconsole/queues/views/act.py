"""The buttons of operators: parse, call one service, say what came of it."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.templatetags.words import wire
from mailconsole.queues.services.queues import (
    AlreadySo,
    CommandFailed,
    QueueDone,
    QueueGone,
    resume_queue,
    retry_all,
    retry_queue,
    suspend_queue,
)

_SERVICES = {"retry": retry_queue, "suspend": suspend_queue, "resume": resume_queue}


@require_POST
@require_role(Role.OPERATOR)
def act(request: HttpRequest) -> HttpResponse:
    """`act` is "verb key", the value of the button that was pressed."""
    verb, _, key = request.POST.get("act", "").partition(" ")
    service = _SERVICES.get(verb)
    if service is None:
        messages.error(request, "Choose retry, suspend or resume.")
        return redirect(_back(request))
    try:
        why = {"reason": request.POST.get("reason", "")} if service is suspend_queue else {}
        _tell(request, service(queue_key=key, actor=cast(User, request.user), request=request, **why))
    except (QueueGone, AlreadySo, CommandFailed) as refused:
        messages.error(request, wire(refused))
    return redirect(_back(request))


@require_POST
@require_role(Role.OPERATOR)
def act_on_all(request: HttpRequest) -> HttpResponse:
    """Retry whatever waits."""
    try:
        done = retry_all(actor=cast(User, request.user), request=request)
    except (QueueGone, CommandFailed) as refused:
        messages.error(request, wire(refused))
    else:
        count = sum(one.queue.message_count for one in done)
        messages.success(request, f"Retried: {len(done)} of the queues that wait, {count} messages in all.")
    return redirect(_back(request))


def _tell(request: HttpRequest, done: QueueDone) -> None:
    where = f" on {', '.join(done.nodes)}" if done.nodes else ""
    messages.success(request, wire(f"Queue {done.queue.name} {done.act.done}{where}."))
    for problem in done.problems:
        messages.warning(request, wire(problem))


def _back(request: HttpRequest) -> str:
    """Only within this console: the address comes from the page."""
    to = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(to, allowed_hosts={request.get_host()}, require_https=request.is_secure()):
        return to
    return reverse("queues:list")
