"""Limit what a person's role reaches, or lift the limit."""

from __future__ import annotations

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.access import check_role
from mailconsole.accounts.limits import LIMITED_ROLES, Limit
from mailconsole.accounts.models import RoleLimit, User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.common.refusals import Refusal


class RoleHasNoLimit(Refusal):
    """The role is one that reaches everything."""


@transaction.atomic
def limit_role(
    *, actor: User, person: User, role: Role, limit: Limit, reason: str = "", request: HttpRequest | None = None
) -> None:
    """An empty limit lifts what was set. Raises RoleRequired, RoleHasNoLimit."""
    check_role(actor, Role.ADMINISTRATOR)
    if role not in LIMITED_ROLES:
        raise RoleHasNoLimit(f"The role {role.value} can't be limited: it is not about objects of the configuration.")
    before = User.objects.get(pk=person.pk).limit_of(role, even_if_unused=True)
    if (before or Limit()) == limit:
        return
    rows = RoleLimit.objects.filter(person=person, role=role.value)
    if not limit:
        rows.delete()
    else:
        said = {"kinds": list(limit.kinds), "connectors": list(limit.connectors), "domains": list(limit.domains)}
        rows.update_or_create(person=person, role=role.value, defaults=said)
    words = f"limited to {limit.sentence}" if limit else "not limited any more"
    audit.record(
        actor=actor,
        action="person.role_limited",
        object_kind="person",
        object_id=person.username,
        summary=f"{person}'s role {role.value} is {words}",
        before=_facts(before),
        after=_facts(limit),
        reason=reason,
        request=request,
    )


def _facts(limit: Limit | None) -> dict[str, object] | None:
    if not limit:
        return None
    return {"kinds": limit.kinds, "connectors": limit.connectors, "domains": limit.domains}
