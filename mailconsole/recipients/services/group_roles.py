"""Which groups of a directory give which role in the console."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from directory.errors import DirectoryError
from directory.people import find_groups
from mailconsole.accounts.access import check_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.recipients.models import DirectorySource, GroupRole
from mailconsole.recipients.refusals import GroupNotFound
from mailconsole.recipients.services.people import MAX_UNCHECKED, refresh_people
from mailconsole.recipients.services.sources import refuse_plain_sign_in, settings_of


def give_role(
    *, source: DirectorySource, group: str, role: Role, actor: User | None, request: HttpRequest | None = None
) -> GroupRole:
    """Members of the group get the role from their next sign-in or sync on. Raises GroupNotFound, RoleRequired."""
    _check(actor)
    try:
        found = find_groups(settings_of(source), group)
    except DirectoryError as error:
        raise GroupNotFound(str(error)) from error
    if len(found) != 1:
        what = f"{len(found)} security groups are" if found else "No security group is"
        raise GroupNotFound(f"{what} called {group[:80]!r}: write its account name, or its distinguished name.")
    one = found[0]
    with transaction.atomic():
        row, is_new = GroupRole.objects.get_or_create(
            source=source, group_sid=one.sid, role=role.value, defaults={"group_name": one.name, "group_dn": one.dn}
        )
        if is_new:
            _record(source, "give_role", f"Members of {row.group_name} are now {role.label}", actor, request)
    refresh_people(source=source, now=timezone.now())
    return row


def take_role(*, row: GroupRole, actor: User | None, request: HttpRequest | None = None) -> None:
    """Whoever has the role by this group alone loses it at once; while the directory is away, whoever has the role is
    out until it confirms them. Raises RoleRequired."""
    _check(actor)
    with transaction.atomic():
        summary = f"Members of {row.group_name} are no longer {row.role_value.label} by it"
        _record(row.source, "take_role", summary, actor, request)
        row.delete()
    now = timezone.now()
    refresh_people(source=row.source, now=now)
    unchecked = row.source.people.filter(checked_at__lt=now, user__groups__name=row.role)
    unchecked.update(checked_at=now - MAX_UNCHECKED)


def allow_sign_in(
    *, source: DirectorySource, is_allowed: bool, actor: User | None, request: HttpRequest | None = None
) -> None:
    """Let its people sign in, or end it for all of them at once. Raises SourceRefused for plain LDAP, RoleRequired."""
    _check(actor)
    with transaction.atomic():
        source.is_console_sign_in_allowed = is_allowed
        refuse_plain_sign_in(source)
        source.save(update_fields=["is_console_sign_in_allowed"])
        summary = f"People of the directory {source} may {'now' if is_allowed else 'no longer'} sign in"
        _record(source, "allow_sign_in", summary, actor, request)
    refresh_people(source=source, now=timezone.now())


def _check(actor: User | None) -> None:
    """None is the command line, whose user could change the database itself."""
    if actor is not None:
        check_role(actor, Role.ADMINISTRATOR)


def _record(source: DirectorySource, verb: str, summary: str, actor: Any, request: HttpRequest | None) -> None:
    audit.record(
        actor=actor, action=f"directory_source.{verb}", object_kind="directory_source", object_id=str(source.pk),
        summary=summary, request=request,
    )  # fmt: skip
