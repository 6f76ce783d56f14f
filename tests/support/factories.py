"""Objects at any point of their life, for tests of the console; people first."""

from __future__ import annotations

import itertools
from typing import Any

from django.contrib.auth.models import Group
from django.test import Client

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role

PASSWORD = "correct horse battery staple"
_numbers = itertools.count(1)


def create_person(*roles: Role, username: str = "", password: str = PASSWORD, **fields: Any) -> User:
    """A person with these roles; the full name is made from the roles where none is given."""
    number = next(_numbers)
    named = {"full_name": f"{' '.join(role.label for role in roles) or 'Nobody'} {number}"} | fields
    user = User.objects.create_user(username or f"person{number}", password, **named)
    # A test with real transactions ends with empty tables, without the groups that a migration made.
    user.groups.set([Group.objects.get_or_create(name=role.value)[0] for role in roles])
    return user


def create_viewer(**fields: Any) -> User:
    return create_person(Role.VIEWER, **fields)


def create_operator(**fields: Any) -> User:
    return create_person(Role.OPERATOR, **fields)


def create_editor(**fields: Any) -> User:
    return create_person(Role.EDITOR, **fields)


def create_reviewer(**fields: Any) -> User:
    return create_person(Role.REVIEWER, **fields)


def create_auditor(**fields: Any) -> User:
    return create_person(Role.AUDITOR, **fields)


def create_administrator(**fields: Any) -> User:
    return create_person(Role.ADMINISTRATOR, **fields)


def signed_in(person: User) -> Client:
    """A browser in which this person is signed in."""
    client = Client()
    client.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    return client
