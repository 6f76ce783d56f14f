"""What administrators do with people; every verb checks the actor's role and leaves an audit row."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from django.contrib.auth.hashers import UNUSABLE_PASSWORD_PREFIX
from django.contrib.auth.models import Group
from django.db import IntegrityError, transaction
from django.http import HttpRequest
from django.utils import timezone

from mailconsole.accounts.access import check_role
from mailconsole.accounts.elsewhere import word_on
from mailconsole.accounts.models import User
from mailconsole.accounts.passwords import make_password
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.common.refusals import Refusal


class UsernameTaken(Refusal):
    """Somebody has this user name, possibly in other letter case."""


class LastAdministrator(Refusal):
    """Nobody would be left who can manage people."""


class DirectoryDecides(Refusal):
    """Roles and password of this person come from a directory."""


class CannotSwitchOffSelf(Refusal):
    """One would lock oneself out."""


@dataclass(frozen=True, slots=True)
class OneTimePassword:
    """A password made for a person: shown once, replaced at the first sign-in."""

    person: User
    password: str


@transaction.atomic
def add_person(
    *, actor: User, username: str, full_name: str, email: str, roles: Iterable[Role], request: HttpRequest | None = None
) -> OneTimePassword:
    """A new person with a one-time password. Raises UsernameTaken, RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    if User.objects.filter(username__iexact=username).exists():
        raise UsernameTaken(f"The user name {username} is taken: choose another.")
    password, given = make_password(), list(roles)
    try:
        with transaction.atomic():
            person = User.objects.create_user(
                username, password, full_name=full_name, email=email, must_change_password=True
            )
    except IntegrityError:
        raise UsernameTaken(f"The user name {username} is taken: choose another.") from None
    _give(person, given)
    _record(actor, "person.added", person, f"Added {person} as {_words(given)}", request, after=_facts(person))
    return OneTimePassword(person, password)


@transaction.atomic
def edit_person(
    *,
    actor: User,
    person: User,
    full_name: str,
    email: str,
    roles: Iterable[Role],
    request: HttpRequest | None = None,
) -> User:
    """Change name, address and roles. Raises LastAdministrator, RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    _refuse_directory_people(person)
    before, given = _facts(person), list(roles)
    if Role.ADMINISTRATOR not in given:
        _check_another_administrator(person)
    person.full_name, person.email = full_name, email
    person.save(update_fields=["full_name", "email"])
    _give(person, given)
    fresh = User.objects.get(pk=person.pk)
    _record(
        actor, "person.edited", fresh, f"{fresh} is now {_words(given)}", request, before=before, after=_facts(fresh)
    )
    return fresh


@transaction.atomic
def switch_off_person(*, actor: User, person: User, reason: str, request: HttpRequest | None = None) -> None:
    """Close the account and end its sessions. Raises CannotSwitchOffSelf, LastAdministrator, RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    if actor.pk == person.pk:
        raise CannotSwitchOffSelf("You can't switch off your own account: ask another administrator.")
    _check_another_administrator(person)
    User.objects.filter(pk=person.pk).update(is_active=False)
    _record(actor, "person.switched_off", person, f"Switched off the account of {person}", request, reason=reason)


@transaction.atomic
def switch_on_person(*, actor: User, person: User, request: HttpRequest | None = None) -> None:
    """Open the account again. Raises DirectoryDecides, RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    ended_because = word_on(person, timezone.now()).ended_because
    if ended_because:
        raise DirectoryDecides(f"The directory ended the account of {person}, and it alone opens it: {ended_because}")
    User.objects.filter(pk=person.pk).update(is_active=True)
    _record(actor, "person.switched_on", person, f"Switched on the account of {person}", request)


@transaction.atomic
def reset_password(*, actor: User, person: User, request: HttpRequest | None = None) -> OneTimePassword:
    """A new one-time password; every session of the person ends. Raises RoleRequired."""
    check_role(actor, Role.ADMINISTRATOR)
    _refuse_directory_people(person)
    password = make_password()
    person.set_password(password)
    person.must_change_password = True
    person.save(update_fields=["password", "must_change_password"])
    _record(actor, "person.password_reset", person, f"Made a new one-time password for {person}", request)
    return OneTimePassword(person, password)


def is_local(person: User) -> bool:
    """Whether the console itself knows the person's password."""
    return person.has_usable_password()


def _refuse_directory_people(person: User) -> None:
    if not is_local(person):
        raise DirectoryDecides(f"{person} signs in with a directory's password: groups there give the roles here.")


def _give(person: User, roles: Iterable[Role]) -> None:
    person.groups.set(Group.objects.filter(name__in=[role.value for role in roles]))


def _check_another_administrator(person: User) -> None:
    """Locks the other administrators: two of them can't switch each other off at once."""
    others = User.objects.select_for_update().filter(groups__name=Role.ADMINISTRATOR.value, is_active=True)
    others = others.exclude(
        password__startswith=UNUSABLE_PASSWORD_PREFIX
    )  # whom a directory lets in can't help when it is away
    if person.is_administrator and is_local(person) and not [other for other in others if other.pk != person.pk]:
        raise LastAdministrator(f"{person} is the only administrator: give the role to somebody else first.")


def _facts(person: User) -> dict[str, object]:
    roles = sorted(person.groups.values_list("name", flat=True))
    return {"username": person.username, "full_name": person.full_name, "email": person.email, "roles": roles}


def _words(roles: Iterable[Role]) -> str:
    return ", ".join(role.value for role in roles) or "somebody without a role"


def _record(
    actor: User,
    action: str,
    person: User,
    summary: str,
    request: HttpRequest | None,
    *,
    before: object = None,
    after: object = None,
    reason: str = "",
) -> None:
    audit.record(
        actor=actor,
        action=action,
        object_kind="person",
        object_id=person.username,
        summary=summary,
        before=before,
        after=after,
        reason=reason,
        request=request,
    )
