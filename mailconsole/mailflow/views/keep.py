"""Keep a form as it is typed, and discard what was kept. Nothing is staged here."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.links import STEMS, edit_url
from mailconsole.changes.services.keep_form import discard_kept, keep_form
from mailconsole.common.refusals import Refusal
from mailconsole.mailflow.drafts import seen_by
from mailconsole.mailflow.editable import check_editable
from mailconsole.mailflow.forms import ObjectForm
from mailconsole.mailflow.kept import read_basis, said_in
from mailconsole.mailflow.kinds.table import KINDS
from transport.config.diff import as_json


@require_POST
@require_role(Role.EDITOR)
def keep(request: HttpRequest, kind: str) -> HttpResponse:
    """Answers with a word for the place beside the button: also where it was refused, for the person goes on typing."""
    object_id = _form_asked(request, kind)
    form = ObjectForm(KINDS[kind], None)
    try:
        kept = keep_form(
            person=actor_of(request),
            kind=kind,
            object_id=object_id,
            said=said_in(form, request.POST),
            basis=read_basis(request.POST.get("kept_basis", "")),
            now=timezone.now(),
        )
    except Refusal as refusal:
        return render(request, "mailflow/_kept.html", {"refusal": str(refusal)})
    return render(request, "mailflow/_kept.html", {"kept": kept})


@require_POST
@require_role(Role.EDITOR)
def discard(request: HttpRequest, kind: str) -> HttpResponse:
    """Back to the form, as it is without it."""
    if kind not in KINDS:
        raise Http404(kind)
    object_id = request.POST.get("kept_of", "").replace("\0", "")
    discard_kept(person=actor_of(request), kind=kind, object_id=object_id)
    url = edit_url(kind, object_id) if object_id or kind == "organization" else ""
    return redirect(url or reverse(f"mailflow:{STEMS[kind]}-create"))


def _form_asked(request: HttpRequest, kind: str) -> str:
    """The id of its object, empty for a new one; only a form that the person could stage."""
    if kind not in KINDS:
        raise Http404(kind)
    object_id = request.POST.get("kept_of", "")
    if not object_id:
        check_editable(request.user, kind)
        return ""
    found = seen_by(request.user).objects(kind).get(object_id)
    if found is None:
        raise Http404(object_id)
    check_editable(request.user, kind, object_id, as_json(found))
    return object_id
