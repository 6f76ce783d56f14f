"""People and roles: the list, a person, and what administrators do with them."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.forms import LimitForm, NewPersonForm, PersonForm
from mailconsole.accounts.limits import LIMITED_ROLES, Limit
from mailconsole.accounts.models import ApiToken, User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services import people as service
from mailconsole.accounts.services import role_limits as service_limits
from mailconsole.accounts.services import tokens
from mailconsole.accounts.services.tokens import working_tokens
from mailconsole.common.refusals import Refusal


@require_GET
@require_role(Role.ADMINISTRATOR)
def people_list(request: HttpRequest) -> HttpResponse:
    people = User.objects.prefetch_related("groups", "role_limits").order_by("-is_active", "username")
    return render(request, "accounts/people.html", {"people": people, "roles": list(Role)})


@never_cache
@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def add_person(request: HttpRequest) -> HttpResponse:
    form = NewPersonForm(request.POST or None)
    if form.is_valid():
        try:
            made = service.add_person(actor=actor_of(request), request=request, **form.cleaned_data)
        except service.UsernameTaken as refusal:
            form.add_error("username", str(refusal))
        else:
            return _one_time_password(request, made)
    return render(request, "accounts/person_form.html", {"form": form})


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def edit_person(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    initial = {"full_name": person.full_name, "email": person.email, "roles": [r.value for r in person.given_roles]}
    form = PersonForm(request.POST or None, initial=initial)
    if form.is_valid():
        try:
            service.edit_person(actor=actor_of(request), person=person, request=request, **form.cleaned_data)
        except Refusal as refusal:
            form.add_error("roles", str(refusal))
        else:
            messages.success(request, f"{form.cleaned_data['full_name']} is saved.")
            return redirect("people:list")
    reach = [(role, person.limit_of(role, even_if_unused=True)) for role in LIMITED_ROLES]
    context = {"form": form, "person": person, "reach": reach, "tokens": working_tokens(person), "now": timezone.now()}
    return render(request, "accounts/person_form.html", context)


@require_POST
@require_role(Role.ADMINISTRATOR)
def revoke_token(request: HttpRequest, pk: int, key: int) -> HttpResponse:
    """One token of somebody; the account and its other tokens go on."""
    token = get_object_or_404(ApiToken, pk=key, owner=pk)
    tokens.revoke_token(actor=actor_of(request), token=token, now=timezone.now(), request=request)
    messages.success(request, f"The token {token.name} of {token.owner} no longer works.")
    return redirect("people:edit", pk)


@require_http_methods(["GET", "POST"])
@require_role(Role.ADMINISTRATOR)
def limit_role(request: HttpRequest, pk: int, role: str) -> HttpResponse:
    """What one role of a person reaches."""
    person = get_object_or_404(User, pk=pk)
    if role not in {one.value for one in LIMITED_ROLES}:
        raise Http404(role)
    limit = person.limit_of(Role(role), even_if_unused=True) or Limit()
    initial = {
        "kinds": limit.kinds,
        "connectors": "\n".join(limit.connectors),
        "domains": "\n".join(limit.domains),
    }
    form = LimitForm(request.POST or None, initial=initial, kept=limit)
    if request.method == "POST" and form.is_valid():
        service_limits.limit_role(
            actor=actor_of(request), person=person, role=Role(role), limit=form.limit, request=request
        )
        messages.success(request, f"What {person}'s role {role} reaches is saved.")
        return redirect("people:edit", pk)
    return render(request, "accounts/limit_form.html", {"form": form, "person": person, "role": Role(role)})


@require_POST
@require_role(Role.ADMINISTRATOR)
def switch_off_person(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    try:
        reason = request.POST.get("reason", "").strip()
        service.switch_off_person(actor=actor_of(request), person=person, reason=reason, request=request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The account of {person} is switched off; open sessions have ended.")
    return redirect("people:list")


@require_POST
@require_role(Role.ADMINISTRATOR)
def switch_on_person(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    try:
        service.switch_on_person(actor=actor_of(request), person=person, request=request)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, f"The account of {person} is switched on.")
    return redirect("people:list")


@never_cache
@require_POST
@require_role(Role.ADMINISTRATOR)
def reset_password(request: HttpRequest, pk: int) -> HttpResponse:
    person = get_object_or_404(User, pk=pk)
    return _one_time_password(request, service.reset_password(actor=actor_of(request), person=person, request=request))


def actor_of(request: HttpRequest) -> User:
    """The signed-in person; the middleware and the role let nobody else come here."""
    return cast(User, request.user)


def _one_time_password(request: HttpRequest, made: service.OneTimePassword) -> HttpResponse:
    """Shown in the answer to the POST and kept nowhere: neither session nor log nor address holds it."""
    return render(request, "accounts/one_time_password.html", {"made": made})
