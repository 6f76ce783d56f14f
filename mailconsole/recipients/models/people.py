"""Who of a directory may do what in the console, and who tried wrong passwords."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mailconsole.accounts.roles import Role
from mailconsole.recipients.models.sources import DirectorySource


class GroupRole(models.Model):
    """Whoever is in this security group of the directory, through nested groups too, has this role in the console."""

    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="group_roles")
    group_sid = models.CharField(max_length=200)
    group_name = models.CharField(max_length=300)
    group_dn = models.TextField()
    role = models.CharField(max_length=30, choices=[(one.value, one.label) for one in Role])

    class Meta:
        ordering = ["group_name", "role"]
        constraints = [models.UniqueConstraint(fields=["source", "group_sid", "role"], name="group_role_once_a_source")]

    def __str__(self) -> str:
        return f"{self.group_name}: {self.role_value.label}"

    @property
    def role_value(self) -> Role:
        return Role(self.role)


class DirectoryPerson(models.Model):
    """A person of the console who is known by a directory: it says whether they may sign in, and what they may do.

    `ended_because` is the directory's reason for which the account is switched off here; empty where it isn't so.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="directory_person")
    source = models.ForeignKey(DirectorySource, on_delete=models.CASCADE, related_name="people")
    object_guid = models.UUIDField()
    checked_at = models.DateTimeField()
    ended_because = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["source", "object_guid"], name="directory_person_once_a_source")]

    def __str__(self) -> str:
        return f"{self.user} of {self.source}"


class SignInTry(models.Model):
    """Tries of one account or name that were wrong, or one wrong password of it; `key` is a keyed digest of which."""

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    until = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.count} until {self.until:%Y-%m-%d %H:%M:%S}"
