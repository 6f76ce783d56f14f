"""One's own account: password and API tokens."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.forms import PasswordChangeForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from mailconsole.accounts.forms import TokenForm
from mailconsole.accounts.models import ApiToken
from mailconsole.accounts.scopes import grants_of
from mailconsole.accounts.services import own_password, tokens
from mailconsole.accounts.views.people import actor_of
from mailconsole.common.refusals import Refusal


@sensitive_post_parameters()
@never_cache
@require_http_methods(["GET", "POST"])
def change_password(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    form = PasswordChangeForm(person, request.POST or None)
    if form.is_valid():
        password = form.cleaned_data["new_password1"]
        own_password.change_own_password(person=person, password=password, request=request)
        update_session_auth_hash(request, person)
        messages.success(request, "The new password is set. Other sessions of yours have ended.")
        return redirect("/")
    return render(request, "accounts/change_password.html", {"form": form})


@never_cache
@require_http_methods(["GET", "POST"])
def token_list(request: HttpRequest) -> HttpResponse:
    person = actor_of(request)
    held = grants_of(person.role_names)
    form, made, now = TokenForm(request.POST or None, held=held), None, timezone.now()
    if form.is_valid():
        try:
            made = tokens.create_token(
                owner=person,
                name=form.cleaned_data["name"],
                scopes=form.cleaned_data["scopes"],
                now=now,
                expires_at=form.expires_at(now),
                request=request,
            )
            form = TokenForm(held=held)
        except Refusal as refusal:
            form.add_error("scopes", str(refusal))
    mine = tokens.working_tokens(person)
    return render(request, "accounts/tokens.html", {"form": form, "tokens": mine, "made": made, "now": now})


@require_POST
def revoke_token(request: HttpRequest, pk: int) -> HttpResponse:
    person = actor_of(request)
    token = get_object_or_404(ApiToken, pk=pk, owner=person)
    tokens.revoke_token(actor=person, token=token, now=timezone.now(), request=request)
    messages.success(request, f"The token {token.name} no longer works.")
    return redirect("accounts:tokens")
