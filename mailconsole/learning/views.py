"""What was learned on a receive connector; from here candidates go into a draft, never live."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.learning.forms import DraftForm, WindowForm
from mailconsole.learning.services.draft_learned import Wish, draft_chosen
from mailconsole.learning.services.learned import learning_of
from mailconsole.learning.services.observe import SAMPLE
from mailconsole.learning.services.windows import current_window, start_learning, stop_learning


@require_safe
def learned(request: HttpRequest, object_id: str) -> HttpResponse:
    return _page(request, object_id, WindowForm(), DraftForm(initial={"owner": str(request.user)[:64]}))


@require_POST
@require_role(Role.EDITOR)
def start(request: HttpRequest, object_id: str) -> HttpResponse:
    form, now = WindowForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, object_id, form, DraftForm(), status=422)
    back, ahead = form.spans
    try:
        start_learning(
            actor=actor_of(request), connector_id=object_id, back=back, ahead=ahead, now=now, request=request
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("learning:learned", object_id)


@require_POST
@require_role(Role.EDITOR)
def stop(request: HttpRequest, object_id: str) -> HttpResponse:
    try:
        stop_learning(actor=actor_of(request), connector_id=object_id, now=timezone.now(), request=request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, "The window is ended. What was seen stays here as long as the trace keeps it.")
    return redirect("learning:learned", object_id)


@require_POST
@require_role(Role.EDITOR)
def draft(request: HttpRequest, object_id: str) -> HttpResponse:
    form, now = DraftForm(request.POST), timezone.now()
    if not form.is_valid():
        return _page(request, object_id, WindowForm(), form, status=422)
    said, keys = form.cleaned_data, request.POST.getlist("chosen")
    wish = Wish(
        said["owner"], said["purpose"], said["recipients"] == "seen", frozenset(request.POST.getlist("network"))
    )
    actor = actor_of(request)
    try:
        change = draft_chosen(actor=actor, connector_id=object_id, keys=keys, wish=wish, now=now, request=request)
    except Refusal as refusal:
        form.add_error(None, str(refusal))
        return _page(request, object_id, WindowForm(), form, status=422)
    messages.success(request, f"Staged in your draft “{change.title}”. Nothing of it is in effect yet.")
    return redirect("changes:detail", change.pk)


def _page(
    request: HttpRequest, object_id: str, window_form: WindowForm, form: DraftForm, *, status: int = 200
) -> HttpResponse:
    connectors = {one.id: one for one in load_document(head_revision()).receive_connectors}
    if object_id not in connectors:
        raise Http404(object_id)
    now, window = timezone.now(), current_window(object_id)
    context: dict[str, Any] = {
        "connector": connectors[object_id],
        "window": window,
        "is_open": window is not None and window.is_open(now),
        "window_form": window_form,
        "form": form,
        "lesson": learning_of(object_id, now=now).lesson if window is not None else None,
        "sample": SAMPLE,
        "chosen": request.POST.getlist("chosen"),
    }
    return render_page(request, "learning/learned.html", context, status=status)
