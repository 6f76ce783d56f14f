"""The groups that the roles are."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Group

from mailconsole.accounts.roles import Role


def ensure_role_groups(using: str = "default", **_: Any) -> None:
    """Make the groups that are missing; runs after every `migrate`, as Django does for its permissions."""
    for role in Role:
        Group.objects.using(using).get_or_create(name=role.value)
