"""Who of a directory may sign in to the console, and as what."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_http_methods, require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.forms import GroupRoleForm
from mailconsole.recipients.models import DirectorySource, GroupRole
from mailconsole.recipients.services import group_roles


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.ADMINISTRATOR)
def console_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    """The page; a POST gives a group a role."""
    source = get_object_or_404(DirectorySource, pk=pk)
    form = GroupRoleForm(request.POST or None)
    if form.is_valid():
        try:
            row = group_roles.give_role(
                source=source,
                group=form.cleaned_data["group"],
                role=Role(form.cleaned_data["role"]),
                actor=actor_of(request),
                request=request,
            )
            messages.success(request, f"Members of {row.group_name} are {row.role_value.label} from now on.")
            return redirect("recipients:console-sign-in", pk)
        except Refusal as refusal:
            form.add_error("group", str(refusal))
    context = {
        "source": source,
        "form": form,
        "group_roles": source.group_roles.all(),
        "people": source.people.select_related("user").order_by("user__full_name"),
    }
    return render_page(request, "recipients/console_sign_in.html", context, status=422 if form.errors else 200)


@require_POST
@require_role(Role.ADMINISTRATOR)
def allow_sign_in(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DirectorySource, pk=pk)
    is_allowed = request.POST.get("allow") == "yes"
    try:
        group_roles.allow_sign_in(source=source, is_allowed=is_allowed, actor=actor_of(request), request=request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"People of {source} may {'now' if is_allowed else 'no longer'} sign in.")
    return redirect("recipients:console-sign-in", pk)


@require_POST
@require_role(Role.ADMINISTRATOR)
def take_role(request: HttpRequest, pk: int) -> HttpResponse:
    row = get_object_or_404(GroupRole, pk=pk)
    group_roles.take_role(row=row, actor=actor_of(request), request=request)
    messages.success(request, f"{row.group_name} no longer gives the role {row.role_value.label}.")
    return redirect("recipients:console-sign-in", row.source_id)
