"""People of the console whom a directory knows: made and changed as it says, at sign-in and with every sync.

What a directory ended, only the directory opens again; what an administrator switched off stays so.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest

from directory.errors import DirectoryError
from directory.people import Standing, standings
from mailconsole.accounts.elsewhere import Word
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.services.people import is_local
from mailconsole.audit import services as audit
from mailconsole.audit.models import AuditEntry
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import DirectoryPerson, DirectorySource
from mailconsole.recipients.refusals import ConsoleSignInRefused
from mailconsole.recipients.services.ended_people import end_all, end_sessions
from mailconsole.recipients.services.sources import settings_of

GONE = "The account is no longer in the directory."
NO_ROLE = "None of the account's groups gives a role here."
MAX_UNCHECKED = timedelta(hours=12)
"""A directory that has been away for longer lets nobody in: what it said once may not be so now."""
log = structlog.get_logger(__name__)


def roles_of(source: DirectorySource, standing: Standing) -> frozenset[Role]:
    rows = source.group_roles.filter(group_sid__in=standing.group_sids)
    return frozenset(row.role_value for row in rows)


@transaction.atomic
def let_in(
    *, source: DirectorySource, standing: Standing, now: datetime, request: HttpRequest | None = None
) -> DirectoryPerson:
    """The person whose password was right, with the roles of now. Raises ConsoleSignInRefused."""
    known = DirectoryPerson.objects.filter(source=source, object_guid=standing.object_guid).first()
    roles = roles_of(source, standing)
    reason = standing.ended_because or ("" if roles else NO_ROLE)
    if known is None:
        if reason:
            raise ConsoleSignInRefused(reason)
        known = _made(source, standing, now)
    elif not known.user.is_active and not known.ended_because:
        raise ConsoleSignInRefused("An administrator switched this account off.")
    _apply(known, standing, roles, now=now, ended_because=reason, request=request)
    if reason:
        raise ConsoleSignInRefused(reason)
    return known


def refresh_people(*, source: DirectorySource, now: datetime) -> int:
    """Ask the directory about everybody it let in; returns how many were signed out. With a directory that does not
    answer nothing changes, and `may_act` counts the hours."""
    people = list(source.people.select_related("user"))
    if not people:
        return 0
    if not source.is_console_sign_in_allowed or not source.is_enabled:
        end_all(source=source, now=now)
        return len(people)
    try:
        found = standings(settings_of(source), [str(one.object_guid) for one in people], now=now)
    except (DirectoryError, Refusal) as error:
        log.warning("directory.people_not_checked", source=source.pk, reason=str(error)[:300])
        return 0
    return sum(_refresh(source, one, found.get(str(one.object_guid)), now) for one in people)


def may_act(known: DirectoryPerson, now: datetime) -> bool:
    """Whether what the directory said last is young enough to go by."""
    return not known.ended_because and now - known.checked_at < MAX_UNCHECKED


def word_of(person: User, now: datetime) -> Word | None:
    """The directory's word on a person of the console; None for local people."""
    known = DirectoryPerson.objects.filter(user_id=person.pk).first()
    return None if known is None else Word(may_act(known, now), known.ended_because)


@transaction.atomic
def _refresh(source: DirectorySource, known: DirectoryPerson, standing: Standing | None, now: datetime) -> bool:
    if standing is None:
        reason, roles = GONE, frozenset[Role]()
    else:
        roles = roles_of(source, standing)
        reason = standing.ended_because or ("" if roles else NO_ROLE)
    was_in = known.user.is_active
    if not was_in and not known.ended_because:
        roles = frozenset()  # an administrator switched the account off, and nothing gives it roles again
    _apply(known, standing, roles, now=now, ended_because=reason, request=None)
    return was_in and bool(reason)


def _made(source: DirectorySource, standing: Standing, now: datetime) -> DirectoryPerson:
    user = _user_of(standing)
    known = DirectoryPerson(source=source, user=user, object_guid=standing.object_guid, checked_at=now)
    known.save()
    _record("person.added", user, f"{user} came in by the directory {source}", None)
    return known


def _user_of(standing: Standing) -> User:
    """A new one, or whom a directory left that was removed. In no letter case may it be somebody else's name."""
    taken = ConsoleSignInRefused(f"The name {standing.user_name[:80]} belongs to somebody else in the console.")
    found = list(User.objects.filter(username__iexact=standing.user_name[:150]).select_related("directory_person"))
    if found:
        if len(found) > 1 or is_local(found[0]) or hasattr(found[0], "directory_person"):
            raise taken
        return _adopted(found[0])
    try:
        with transaction.atomic():
            return User.objects.create_user(standing.user_name[:150], None, full_name=standing.name[:200])
    except IntegrityError:
        raise taken from None


def _adopted(user: User) -> User:
    """Without roles until groups give them. The removal switched everybody off: the audit knows who was off before."""
    switched = AuditEntry.objects.filter(
        object_kind="person", object_id=user.username, action__in=["person.switched_on", "person.switched_off"]
    ).first()  # the newest
    if switched is not None and switched.action == "person.switched_off":
        raise ConsoleSignInRefused("An administrator switched this account off.")
    user.groups.clear()
    user.is_active = True
    end_sessions(user)
    return user


def _apply(
    known: DirectoryPerson,
    standing: Standing | None,
    roles: frozenset[Role],
    *,
    now: datetime,
    ended_because: str,
    request: HttpRequest | None,
) -> None:
    user = known.user
    before = {role.value for role in user.given_roles}
    after = {role.value for role in roles} if not ended_because else set()
    if before != after:
        user.groups.set(Group.objects.filter(name__in=after))
        user.__dict__.pop("role_names", None)
        said = ", ".join(sorted(after)) or "nothing"
        _record(
            "person.edited", user, f"By the directory {known.source}, {user} is now {said}", request,
            before={"roles": sorted(before)}, after={"roles": sorted(after)}, reason=ended_because,
        )  # fmt: skip
    is_switched_off_here = not user.is_active and not known.ended_because
    if standing is not None:
        user.full_name, user.email = standing.name[:200] or user.username, standing.mail[:254]
    user.is_active = user.is_active if is_switched_off_here else not ended_because
    user.save(update_fields=["full_name", "email", "is_active"])
    known.checked_at = now
    known.ended_because = "" if is_switched_off_here else ended_because
    known.save(update_fields=["checked_at", "ended_because"])


def _record(action: str, user: User, summary: str, request: HttpRequest | None, **more: Any) -> None:
    audit.record(
        actor=None, action=action, object_kind="person", object_id=user.username, summary=summary, request=request,
        **more,
    )  # fmt: skip
