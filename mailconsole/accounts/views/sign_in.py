"""Sign-in, sign-out, and the page of somebody who guessed too often."""

from __future__ import annotations

from typing import Any

import structlog
from django.contrib.auth import views as auth_views
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.forms import AuthenticationForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.decorators import method_decorator

from mailconsole.accounts.forms import SignInForm
from mailconsole.accounts.landing import landing_page
from mailconsole.accounts.services.sign_in import note_closed, note_signed_in
from mailconsole.common import storable

log = structlog.get_logger(__name__)


@method_decorator(login_not_required, name="dispatch")
class SignInView(auth_views.LoginView):
    """Django's own: new session key at sign-in, `next` only within this host."""

    template_name = "accounts/sign_in.html"
    authentication_form = SignInForm
    redirect_authenticated_user = True

    def form_valid(self, form: AuthenticationForm) -> HttpResponse:
        note_signed_in(person=form.get_user(), request=self.request)
        return super().form_valid(form)

    def get_redirect_url(self, request: HttpRequest | None = None) -> str:
        """Somebody who opened the console's bare address has asked for no page in particular."""
        asked: str = super().get_redirect_url()
        return "" if asked == "/" else asked

    def get_default_redirect_url(self) -> str:
        return landing_page(self.request)


class SignOutView(auth_views.LogoutView):
    """By POST only."""

    http_method_names = ["post", "options"]


def locked_out(request: HttpRequest, *_: Any) -> HttpResponse:
    log.warning("sign_in.locked_out")
    note_closed(username=storable.text(request.POST.get("username", "")), now=timezone.now(), request=request)
    return render(request, "accounts/locked_out.html", status=429)
