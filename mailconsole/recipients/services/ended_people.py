"""The end of everybody's sign-in by a directory, without asking it."""

from __future__ import annotations

from datetime import datetime

from mailconsole.accounts.models import User
from mailconsole.recipients.models import DirectorySource

SWITCHED_OFF = "Sign-in with this directory is switched off."


def end_all(*, source: DirectorySource, now: datetime) -> None:
    """Sessions end with the next request, API tokens with the next call. Whom an administrator switched off stays
    so."""
    active = source.people.filter(user__is_active=True)
    ended = list(active.values_list("user_id", flat=True))
    active.update(ended_because=SWITCHED_OFF, checked_at=now)
    User.objects.filter(pk__in=ended).update(is_active=False)
