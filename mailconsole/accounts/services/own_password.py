"""A person's own new password."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.audit import services as audit


@transaction.atomic
def change_own_password(*, person: User, password: str, request: HttpRequest | None = None) -> None:
    """Replace the password; other sessions of the person end by it."""
    person.set_password(password)
    person.must_change_password = False
    person.save(update_fields=["password", "must_change_password"])
    audit.record(
        actor=person,
        action="person.password_changed",
        object_kind="person",
        object_id=person.username,
        summary=f"{person} changed their password",
        request=request,
    )
