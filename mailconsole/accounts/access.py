"""How a view asks for a role: `@require_role(Role.EDITOR)`, or `user_has_role` where the page only hides a button."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.refusals import PageRefused

View = TypeVar("View", bound=Callable[..., Any])


class RoleRequired(PageRefused):
    """The person lacks a role; the page says which, and who can give it."""

    def __init__(self, role: Role | None = None) -> None:
        self.role = role
        what = f"This needs the role {role.label}: {role.sentence}" if role else "You have no role yet."
        super().__init__(what, next_step=f"Ask {_administrators()} to give it to you under People and roles.")


def user_has_role(user: User | AnonymousUser, role: Role) -> bool:
    """Whether this person may act in the role, by having it or one that implies it."""
    return isinstance(user, User) and role.value in user.role_names


def check_role(user: User | AnonymousUser, role: Role) -> None:
    """Raises RoleRequired where the person lacks the role."""
    if not user_has_role(user, role):
        raise RoleRequired(role)


def require_role(role: Role) -> Callable[[View], View]:
    """Decorate a view; works for plain and for asynchronous ones."""

    def decorate(view: View) -> View:
        @wraps(view)
        def plain(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            check_role(request.user, role)
            return view(request, *args, **kwargs)

        @wraps(view)
        async def waiting(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            await sync_to_async(check_role)(await request.auser(), role)
            return await view(request, *args, **kwargs)

        return cast(View, waiting if iscoroutinefunction(view) else plain)

    return decorate


def _administrators() -> str:
    people = User.objects.filter(groups__name=Role.ADMINISTRATOR, is_active=True).order_by("username")[:3]
    return " or ".join(str(person) for person in people) or "an administrator"
