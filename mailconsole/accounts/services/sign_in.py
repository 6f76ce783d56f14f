"""What the audit says of sign-ins: that somebody came in, and that a name was closed to an address.

Wrong passwords are in no entry: anybody could write as many as they like.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.audit import services as audit

CLOSED_FOR = timedelta(minutes=15)


@transaction.atomic
def note_signed_in(*, person: User, request: HttpRequest) -> None:
    audit.record(
        actor=person,
        action="person.signed_in",
        object_kind="person",
        object_id=person.username,
        summary=f"{person} signed in",
        request=request,
    )


@transaction.atomic
def note_closed(*, username: str, now: datetime, request: HttpRequest) -> None:
    """Once for as long as it is closed, and only of people there are: else what was typed may be a password."""
    person = User.objects.filter(username=username).first()
    action, since = "person.sign_in_closed", now - CLOSED_FOR
    if person is None or audit.has_happened(action=action, object_id=person.username, since=since):
        return
    audit.record(
        actor=None,
        action=action,
        object_kind="person",
        object_id=person.username,
        summary=f"Sign-in as {person} was closed for 15 minutes: too many wrong passwords",
        request=request,
    )
