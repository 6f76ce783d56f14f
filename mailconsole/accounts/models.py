"""People who sign in, and the tokens by which their programs do."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.db import models

from mailconsole.accounts.limits import LIMITED_ROLES, Limit
from mailconsole.accounts.roles import Role


class UserManager(BaseUserManager["User"]):
    def create_user(self, username: str, password: str | None = None, **fields: Any) -> User:
        user = self.model(username=self.model.normalize_username(username), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, PermissionsMixin):
    """A person. Roles are groups; `role_names` is what they amount to."""

    username = models.CharField(max_length=150, unique=True, validators=[UnicodeUsernameValidator()])
    full_name = models.CharField(max_length=200, blank=True)
    email = models.EmailField(blank=True)
    is_active = models.BooleanField(default=True)
    must_change_password = models.BooleanField(default=False)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects: ClassVar[UserManager] = UserManager()

    def __str__(self) -> str:
        return self.full_name or self.username

    @cached_property
    def role_names(self) -> frozenset[str]:
        """Every role this person may act in, implied ones included."""
        return frozenset(role.value for given in self.given_roles for role in given.implied)

    @property
    def is_operator(self) -> bool:
        return Role.OPERATOR.value in self.role_names

    @property
    def is_editor(self) -> bool:
        return Role.EDITOR.value in self.role_names

    @property
    def is_reviewer(self) -> bool:
        return Role.REVIEWER.value in self.role_names

    @property
    def is_auditor(self) -> bool:
        return Role.AUDITOR.value in self.role_names

    @property
    def is_administrator(self) -> bool:
        return Role.ADMINISTRATOR.value in self.role_names

    @property
    def given_roles(self) -> list[Role]:
        """The roles that somebody gave, without those they bring along."""
        names = {group.name for group in self.groups.all()}
        return [role for role in Role if role.value in names]

    def limit_of(self, role: Role, *, even_if_unused: bool = False) -> Limit | None:
        """What the role reaches; None where it reaches everything, as for whoever administers."""
        if self.is_administrator and not even_if_unused:
            return None
        return self._limits.get(role.value)

    @cached_property
    def _limits(self) -> dict[str, Limit]:
        return {row.role: row.limit for row in self.role_limits.all()}

    @property
    def limits_in_force(self) -> list[tuple[Role, Limit]]:
        """Of the roles that the person has."""
        found = ((role, self.limit_of(role)) for role in LIMITED_ROLES if role.value in self.role_names)
        return [(role, limit) for role, limit in found if limit is not None]

    @property
    def role_labels(self) -> str:
        return ", ".join(role.label for role in self.given_roles) or "No role yet"

    @property
    def initials(self) -> str:
        words = (self.full_name or self.username).split()
        return "".join(word[0] for word in (words[:1] + words[1:][-1:])).upper()


class RoleLimit(models.Model):
    """What one role of one person reaches; lists that are empty set no limit."""

    person = models.ForeignKey(User, on_delete=models.CASCADE, related_name="role_limits")
    role = models.CharField(max_length=20)
    kinds = models.JSONField(default=list)
    connectors = models.JSONField(default=list)
    domains = models.JSONField(default=list)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["person", "role"], name="role_limited_once")]

    def __str__(self) -> str:
        return f"{self.role} of {self.person}"

    @property
    def limit(self) -> Limit:
        return Limit(tuple(self.kinds), tuple(self.connectors), tuple(self.domains))


class ApiToken(models.Model):
    """A program's key to the API. Only its digest is kept; `scopes` name roles and scopes that its owner has."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="api_tokens")
    name = models.CharField(max_length=100)
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name
