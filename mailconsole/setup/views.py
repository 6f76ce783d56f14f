"""The pages of the first set-up, one for each step."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people
from mailconsole.accounts.views.people import actor_of
from mailconsole.common.refusals import Refusal
from mailconsole.setup.forms import ColleagueForm, DomainForm, WayOutForm
from mailconsole.setup.progress import Step, missing_roles, progress_row, read_progress
from mailconsole.setup.services import steps


@require_GET
@require_role(Role.ADMINISTRATOR)
def start(request: HttpRequest) -> HttpResponse:
    """Where one left off."""
    following = read_progress().next_step
    return redirect(following.url if following else "setup:done")


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def domain(request: HttpRequest) -> HttpResponse:
    row = progress_row()
    initial = {"accepted_domain": row.accepted_domain, "next_hop": row.next_hop}
    form = DomainForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            steps.keep_domain(actor=actor_of(request), **form.cleaned_data)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            return redirect(Step.WAY_OUT.url)
    return _page(request, Step.DOMAIN, {"form": form})


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def way_out(request: HttpRequest) -> HttpResponse:
    form = WayOutForm(request.POST or None)
    if form.is_valid():
        try:
            steps.publish_mail_flow(
                actor=actor_of(request), smart_host=form.chosen_smart_host, now=timezone.now(), request=request
            )
        except steps.DomainMissing as refusal:
            messages.warning(request, str(refusal))
            return redirect(Step.DOMAIN.url)
        except Refusal as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, "The first mail flow is published; every node takes it within seconds.")
            return redirect(Step.PEOPLE.url)
    return _page(request, Step.WAY_OUT, {"form": form, "row": progress_row()})


@never_cache
@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def colleagues(request: HttpRequest) -> HttpResponse:
    """One form for each role that is still missing; the one-time password stands in the answer only."""
    made, refused = None, None
    asked = request.POST.get("role", "")
    if request.method == "POST" and asked in {Role.EDITOR.value, Role.REVIEWER.value}:
        made, refused = _add(request, ColleagueForm(request.POST, role=Role(asked)))
    forms = [refused if refused and refused.role is role else ColleagueForm(role=role) for role in missing_roles()]
    there = User.objects.filter(is_active=True).prefetch_related("groups").order_by("username")
    return _page(request, Step.PEOPLE, {"forms": forms, "made": made, "people": there})


@require_GET
@require_role(Role.ADMINISTRATOR)
def done(request: HttpRequest) -> HttpResponse:
    return _page(request, None, {"row": progress_row()})


@require_POST
@require_role(Role.ADMINISTRATOR)
def skip(request: HttpRequest) -> HttpResponse:
    steps.put_aside(actor=actor_of(request), now=timezone.now(), request=request)
    messages.info(request, "The set-up is put aside. You find it again in the help under First set-up.")
    return redirect("/")


def _add(request: HttpRequest, form: ColleagueForm) -> tuple[people.OneTimePassword | None, ColleagueForm | None]:
    if not form.is_valid():
        return None, form
    try:
        return people.add_person(actor=actor_of(request), roles=[form.role], request=request, **form.cleaned_data), None
    except people.UsernameTaken as refusal:
        form.add_error("username", str(refusal))
        return None, form


def _page(request: HttpRequest, step: Step | None, context: dict[str, Any]) -> HttpResponse:
    name = step.value.replace("-", "_") if step else "done"
    words = {"step": step, "steps": list(Step), "progress": read_progress()}
    return render(request, f"setup/{name}.html", words | context)
