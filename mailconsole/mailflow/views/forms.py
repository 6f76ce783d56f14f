"""The form of an object, new or there: what is said is staged into the person's draft; nothing of it is in effect."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.refusals import InvalidObject, SecretNotStored
from mailconsole.changes.services.also_edited import also_edited
from mailconsole.changes.services.keep_form import discard_kept
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.mailflow import rule_page
from mailconsole.mailflow.drafts import found_or_404, seen_by
from mailconsole.mailflow.editable import check_editable, may_edit
from mailconsole.mailflow.forms import PASSWORD, ObjectForm
from mailconsole.mailflow.kept import opened
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.pieces import Focus, PiecesField
from mailconsole.mailflow.prefill import prefilled
from mailconsole.mailflow.services.stage_object import stage_object
from mailconsole.mailflow.views.details import object_detail
from transport.config.diff import ORGANIZATION, Json, as_json


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.EDITOR)
def object_create(request: HttpRequest, kind: str) -> HttpResponse:
    """A new object; a relay policy may come filled in by the address, as from the Refusals page."""
    check_editable(request.user, kind)
    given = prefilled(kind, request.GET)
    value = ObjectForm.defaults(KINDS[kind]) | given
    if KINDS[kind].is_ordered:
        value["priority"] = rule_page.next_place(seen_by(request.user))
    form = ObjectForm(KINDS[kind], value, request.POST or None)
    if "add" in request.POST or "remove" in request.POST:
        return _rearranged(request, form, "", {})
    title = request.POST.get("title") or request.GET.get("title", "")
    return _stage_or_show(request, form, "", {}, title=title, is_apart=bool(given) and "keeps" not in request.POST)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.EDITOR)
def object_edit(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    value = as_json(found_or_404(seen_by(request.user), kind, object_id))
    check_editable(request.user, kind, object_id, value)
    form = ObjectForm(KINDS[kind], value, request.POST or None)
    if "add" in request.POST or "remove" in request.POST:
        return _rearranged(request, form, object_id, value)
    return _stage_or_show(request, form, object_id, value)


@require_http_methods(["GET", "HEAD", "POST"])
def organization(request: HttpRequest) -> HttpResponse:
    """Shown to everybody, edited by editors."""
    if not may_edit(request.user, ORGANIZATION).is_so and request.method != "POST":
        return object_detail(request, ORGANIZATION, ORGANIZATION)
    return object_edit(request, ORGANIZATION, ORGANIZATION)


def _stage_or_show(
    request: HttpRequest, form: ObjectForm, object_id: str, was: Json, *, title: str = "", is_apart: bool = False
) -> HttpResponse:
    """``is_apart``: the address filled the form in, so that what is kept of another beginning is not put over it."""
    seen = seen_by(request.user)
    if form.knows(seen.document).is_valid():
        said = form.said
        if PASSWORD in form.fields:
            said = said | {"password_secret": was.get("password_secret", "") if said.get("username") else ""}
        try:
            change = stage_object(
                actor=actor_of(request),
                kind=form.kind.name,
                object_id=object_id,
                after=said,
                title=title,
                password=form.cleaned_data.get(PASSWORD, ""),
                now=timezone.now(),
                request=request,
            )
        except InvalidObject as refusal:
            form.tell(refusal)
        except SecretNotStored as refusal:
            form.tell_of_secret(refusal)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            if not is_apart:
                discard_kept(person=actor_of(request), kind=form.kind.name, object_id=object_id)
            messages.success(request, f"Staged in your draft “{change.title}”. Nothing of it is in effect yet.")
            return redirect("changes:detail", change.pk)
    form, keeping = opened(actor_of(request), form, object_id, was, is_apart=is_apart, now=timezone.now())
    form.knows(seen.document)
    context = {"kind": form.kind, "form": form, "object_id": object_id, "name": was.get("name", object_id),
               "draft": seen.draft, "title": title, "keeping": keeping,
               "others": also_edited(actor_of(request), form.kind.name, object_id),
               "editable": may_edit(request.user, form.kind.name)}  # fmt: skip
    return render_page(request, "mailflow/form.html", context, status=422 if form.errors else 200)


def _rearranged(request: HttpRequest, form: ObjectForm, object_id: str, was: Json) -> HttpResponse:
    """A row was added or taken away: the rows, or the whole page where htmx did not ask. Nothing is staged."""
    name = request.POST.get("add") or request.POST.get("remove", "").partition("-")[0]
    if not isinstance(form.fields.get(name), PiecesField):
        raise Http404(name)
    seen = seen_by(request.user)
    shown = form.rearranged(request.POST).knows(seen.document)
    shown.fields[name].widget.focus = Focus.LAST_ROW if "add" in request.POST else Focus.CHOICE
    if getattr(request, "htmx", None):
        # The form listens to "keep" as to a keystroke: the rows are part of what is typed.
        return HttpResponse(shown[name].as_widget(), headers={"HX-Trigger": "keep"})
    context = {"kind": form.kind, "form": shown, "object_id": object_id, "name": was.get("name", object_id),
               "draft": seen.draft, "title": request.POST.get("title", "")}  # fmt: skip
    return render_page(request, "mailflow/form.html", context)
