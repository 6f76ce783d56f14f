"""All messages that a filter means as one zip: first how many that is, then the file."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from mailconsole.accounts.access import require_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.common.streams import streamed
from mailconsole.common.templatetags.words import wire
from mailconsole.queues.forms import MessageFilterForm
from mailconsole.queues.services.bulk import where
from mailconsole.queues.services.export import export_messages, preview_export
from mailconsole.queues.views.messages import list_behind
from transport.model.queue_filter import BadFilter


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.OPERATOR)
def export_all(request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """The filter stands in the address, as on the list."""
    actor = cast(User, request.user)
    try:
        wanted = MessageFilterForm(request.GET).wanted
        if request.method == "POST":
            reason = request.POST.get("reason", "")
            chosen = export_messages(wanted=wanted, reason=reason, actor=actor, request=request)
            return streamed(request, chosen.pieces(), content_type="application/zip", file_name=chosen.file_name)
        seen = preview_export(wanted=wanted, actor=actor)
    except (BadFilter, Refusal) as refused:
        messages.error(request, wire(refused))
        return redirect(list_behind(request))
    context = {
        "seen": seen,
        "nodes": {node: len(ids) for node, ids in seen.ids.items()},
        "back": list_behind(request),
        "chosen_by": where(wanted) if not wanted.is_empty else "no criterion: all of them",
    }
    return render_page(request, "queues/export.html", context)
