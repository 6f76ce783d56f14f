"""One row per act, chained by digest: a row changed or taken out breaks every digest after it."""

from __future__ import annotations

from typing import Any

from django.db import models


class AuditImmutable(Exception):
    """An audit row is written once; it is never changed or deleted."""


class AuditEntry(models.Model):
    """Who did what to which object, when, why, with what before and after (no secrets in either)."""

    number = models.BigIntegerField(unique=True)
    at = models.DateTimeField(db_index=True)
    actor_name = models.CharField(max_length=150, db_index=True)
    actor_id = models.BigIntegerField(null=True)
    action = models.CharField(max_length=100, db_index=True)
    object_kind = models.CharField(max_length=100)
    object_id = models.CharField(max_length=200)
    summary = models.TextField()
    reason = models.TextField(blank=True)
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    peer = models.CharField(max_length=64, blank=True)
    request_id = models.CharField(max_length=32, blank=True)
    via = models.CharField(max_length=150, blank=True)
    """The API token by which the person did it; empty for pages and the command line."""
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    class Meta:
        ordering = ["-number"]
        indexes = [models.Index(fields=["object_kind", "object_id"], name="audit_object")]

    def __str__(self) -> str:
        return f"{self.number} {self.action}"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding:
            raise AuditImmutable(f"Audit entry {self.number} can't be changed.")
        super().save(*args, **kwargs)

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        raise AuditImmutable(f"Audit entry {self.number} can't be deleted.")


class AuditHead(models.Model):
    """The end of the chain: the one row that writers lock, so that numbers and digests never fork."""

    number = models.BigIntegerField(default=0)
    digest = models.CharField(max_length=64, default="")

    def __str__(self) -> str:
        return f"{self.number}"


class AuditExport(models.Model):
    """How far a syslog host got, and why it did not get further."""

    target = models.CharField(max_length=300, unique=True)
    number = models.BigIntegerField(default=0)
    problem = models.CharField(max_length=500, blank=True)
    tried_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.target}: {self.number}"
