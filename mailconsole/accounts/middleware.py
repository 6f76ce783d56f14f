"""Pages are for people who are signed in, have a role, and have replaced a password that somebody else made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django_htmx.http import HttpResponseClientRefresh

from mailconsole.accounts.access import RoleRequired

API_PREFIX = "/api/"


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    """The API answers for itself: it knows tokens and speaks JSON."""

    def process_view(
        self,
        request: HttpRequest,
        view_func: Callable[..., Any],
        view_args: tuple[Any, ...],
        view_kwargs: dict[str, Any],
    ) -> HttpResponseBase | None:
        if request.path.startswith(API_PREFIX):
            return None
        refused = super().process_view(request, view_func, view_args, view_kwargs)
        if refused is not None and getattr(request, "htmx", False):
            # The session ended under an open page: reload it whole, rather than put the sign-in into a part of it.
            return HttpResponseClientRefresh()
        if refused is not None or not request.user.is_authenticated:
            return refused
        if request.resolver_match is not None and request.resolver_match.app_name == "accounts":
            return None
        if request.user.must_change_password:
            return redirect("accounts:change-password")
        if not request.user.role_names:
            raise RoleRequired
        return None
