"""Who calls: a token's bearer in the token's roles, or the person of the session (then with a CSRF token).

Services ask the actor's roles; a token's actor has only those of the token, so scopes hold in every service alike.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from ninja.errors import AuthenticationError, HttpError
from ninja.security import APIKeyCookie, HttpBearer

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Scope
from mailconsole.accounts.services.tokens import bearer_of


class TokenAuth(HttpBearer):
    """``Authorization: Bearer mc_...``; a token that is for one thing alone is let in only there."""

    def __init__(self, *, also: Scope | None = None) -> None:
        super().__init__()
        self._lets_in = {Role.VIEWER.value, *([also.value] if also else [])}

    def authenticate(self, request: HttpRequest, token: str) -> User:
        bearer = bearer_of(token, now=timezone.now())
        if bearer is None:
            raise AuthenticationError(message="The token is unknown, expired or revoked.")
        request.acts_via = f"API token {bearer.token.name} ({bearer.token.prefix}…)"  # type: ignore[attr-defined]
        person = bearer.person
        person.role_names = bearer.roles
        if bearer.roles and not self._lets_in & bearer.roles:
            raise HttpError(403, f"The token is for {', '.join(sorted(bearer.roles))} alone: this is something else.")
        return _checked(person)


class SessionAuth(APIKeyCookie):
    """The browser's session; ninja checks the CSRF token of cookies."""

    param_name = "sessionid"

    def authenticate(self, request: HttpRequest, key: str | None) -> User | None:
        return _checked(request.user) if isinstance(request.user, User) else None


def _checked(person: User) -> User:
    """Raises HttpError where the person can't act: no role, or a password that somebody else made."""
    if person.must_change_password:
        raise HttpError(403, "Replace the one-time password first: sign in with a browser.")
    if not person.role_names:
        raise HttpError(403, "This needs a role, and there is none.")
    return person


def actor_of(request: HttpRequest) -> User:
    """The person that the authentication found."""
    found: Any = getattr(request, "auth", None)
    assert isinstance(found, User)  # every operation has authentication
    return found
