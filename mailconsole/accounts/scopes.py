"""What a token may be given that is less than any role."""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from mailconsole.accounts.roles import Role


class Scope(StrEnum):
    """One thing that programs do; a token that has nothing else does nothing else, not even what a viewer does."""

    AUDIT_READ = "audit:read"

    @property
    def label(self) -> str:
        return self.value

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def role(self) -> Role:
        """Whoever has this role can give it to a token."""
        return _ROLES[self]


Grant = Role | Scope
"""What a token is given."""

_SENTENCES = {Scope.AUDIT_READ: "Lists, exports and checks the audit over the API, and nothing else."}
_ROLES = {Scope.AUDIT_READ: Role.AUDITOR}


def grant_of(name: str) -> Grant:
    """Raises ValueError."""
    return Scope(name) if name in set(Scope) else Role(name)


def known_grants(names: Iterable[str]) -> list[Grant]:
    """What a token was given by another version and nobody knows here grants nothing."""
    known = {*Role, *Scope}
    return [grant_of(name) for name in names if name in known]


def grants_of(role_names: frozenset[str]) -> list[Grant]:
    """What a person of these roles can give to a token."""
    scopes = [scope for scope in Scope if scope.role.value in role_names]
    return [*(role for role in Role if role.value in role_names), *scopes]


def names_of(grants: list[Grant], *, held: frozenset[str]) -> frozenset[str]:
    """What a token with these grants may act as, of the roles that its owner holds now."""
    roles = {role.value for grant in grants if isinstance(grant, Role) for role in grant.implied} & held
    return frozenset(roles | {one.value for one in grants if isinstance(one, Scope) and one.role.value in held})
