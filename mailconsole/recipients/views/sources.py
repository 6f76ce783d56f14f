"""The form of a source: add, change, remove, and test it before it is kept."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.forms import FindForm
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.services import sources
from mailconsole.recipients.services.check import run_test
from mailconsole.recipients.services.find import find_directory
from mailconsole.recipients.source_form import SourceForm

_ASKED = ("name", "domain", "site", "servers", "base_dn")


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
def source_create(request: HttpRequest) -> HttpResponse:
    known = {name: request.GET[name][:1000] for name in _ASKED if name in request.GET}
    form = SourceForm(request.POST or None, initial=known)
    if request.method == "POST" and form.is_valid():
        source = sources.create_source(
            source=form.save(commit=False),
            password=form.cleaned_data["password"],
            actor=request.user,
            now=timezone.now(),
            request=request,
        )
        messages.success(request, f"Added the directory {source}. Read it with Sync now.")
        return redirect("recipients:sync")
    return _form_page(request, form)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
def source_find(request: HttpRequest) -> HttpResponse:
    """The first step of adding a directory: what the domain's DNS and its first controller say of it."""
    form = FindForm(request.POST or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            found = find_directory(**form.cleaned_data, actor=request.user, now=timezone.now(), request=request)
        except Refusal as refusal:
            form.add_error(getattr(refusal, "field", "") or None, str(refusal))
        else:
            known = {"name": found.domain or found.servers} | {name: getattr(found, name) for name in _ASKED[1:]}
            context |= {"found": found, "use": urlencode(known)}
    return render_page(request, "recipients/find.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
def source_edit(request: HttpRequest, pk: int) -> HttpResponse:
    form = SourceForm(request.POST or None, instance=get_object_or_404(DirectorySource, pk=pk))
    if request.method == "POST" and form.is_valid():
        try:
            source = sources.update_source(
                source=form.save(commit=False),
                password=form.cleaned_data["password"],
                actor=request.user,
                now=timezone.now(),
                request=request,
            )
        except Refusal as refusal:
            form.add_error("password", str(refusal))
        else:
            messages.success(request, f"Changed the directory {source}.")
            return redirect("recipients:sync")
    return _form_page(request, form)


@require_POST
@require_role(Role.ADMINISTRATOR)
def source_delete(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DirectorySource, pk=pk)
    sources.delete_source(
        source=source,
        reason=request.POST.get("reason", "")[:500],
        actor=request.user,
        now=timezone.now(),
        request=request,
    )
    messages.success(request, f"Removed the directory {source} and its recipients.")
    return redirect("recipients:sync")


@require_POST
@require_role(Role.ADMINISTRATOR)
def source_test(request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Tests what stands in the form, kept or not; the answer is a fragment below it."""
    source = get_object_or_404(DirectorySource, pk=pk) if pk is not None else None
    form = SourceForm(request.POST, instance=source)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            settings = sources.settings_with(form.draft(), form.password_to_use())
            context["controllers"] = run_test(
                settings=settings,
                name=form.cleaned_data["name"],
                actor=request.user,
                now=timezone.now(),
                request=request,
            )
        except Refusal as refusal:
            form.add_error(getattr(refusal, "field", "") or None, str(refusal))
    if getattr(request, "htmx", None):
        return render(request, "recipients/_test.html", context)
    return _form_page(request, form, controllers=context.get("controllers"))


def _form_page(request: HttpRequest, form: SourceForm, controllers: object = None) -> HttpResponse:
    context = {"form": form, "source": form.instance if form.instance.pk else None, "controllers": controllers}
    return render_page(request, "recipients/source.html", context, status=422 if form.errors else 200)
