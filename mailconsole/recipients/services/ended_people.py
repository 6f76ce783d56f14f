"""The end of everybody's sign-in by a directory, without asking it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.http import HttpRequest

from mailconsole.accounts.models import ApiToken, User
from mailconsole.audit import services as audit
from mailconsole.recipients.models import DirectorySource

SWITCHED_OFF = "Sign-in with this directory is switched off."


def end_all(*, source: DirectorySource, now: datetime) -> None:
    """Sessions end with the next request, API tokens with the next call. Whom an administrator switched off stays
    so."""
    active = source.people.filter(user__is_active=True)
    ended = list(active.values_list("user_id", flat=True))
    active.update(ended_because=SWITCHED_OFF, checked_at=now)
    User.objects.filter(pk__in=ended).update(is_active=False)


def end_sessions(person: User) -> None:
    """For good, not only until somebody of that name is let in again: sessions hold for one password, usable or not."""
    person.set_unusable_password()
    person.save(update_fields=["password"])


def forget_all(*, source: DirectorySource, actor: Any, now: datetime, request: HttpRequest | None) -> None:
    """Before a source goes: nothing that it gave its people stays, neither roles nor API tokens nor sessions."""
    end_all(source=source, now=now)
    for known in source.people.select_related("user"):
        person, before = known.user, {"roles": sorted(role.value for role in known.user.given_roles)}
        person.groups.clear()
        end_sessions(person)
        ApiToken.objects.filter(owner=person, revoked_at=None).update(revoked_at=now)
        audit.record(
            actor=actor, action="person.edited", object_kind="person", object_id=person.username, request=request,
            summary=f"{person} has no role and no API token any more: the directory {source} was removed",
            before=before, after={"roles": []},
        )  # fmt: skip
