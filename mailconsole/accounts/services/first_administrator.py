"""The first person of a new installation."""

from __future__ import annotations

from django.contrib.auth.models import Group
from django.db import transaction

from mailconsole.accounts.models import User
from mailconsole.accounts.passwords import make_password
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.people import OneTimePassword
from mailconsole.audit import services as audit

USERNAME = "admin"


@transaction.atomic
def create_first_administrator(*, username: str = USERNAME) -> OneTimePassword | None:
    """Make an administrator with a random password, or answer None where there is one already."""
    group = Group.objects.select_for_update().get(name=Role.ADMINISTRATOR.value)
    if User.objects.filter(groups=group).exists():
        return None
    password = make_password()
    person = User.objects.create_user(username, password, full_name="Administrator")
    person.groups.set([group])
    audit.record(
        actor=None,
        action="person.added",
        object_kind="person",
        object_id=username,
        summary=f"Made the first administrator {username}",
    )
    return OneTimePassword(person, password)
