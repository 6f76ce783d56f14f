"""Learning windows: when a receive connector's clients are looked at. What they did stands in the trace already."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models


class LearningWindow(models.Model):
    """An order beside the document: it decides nothing about mail, so SMTP does not know of it."""

    connector_id = models.CharField(max_length=100, db_index=True)
    begins_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    started_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    started_at = models.DateTimeField()

    class Meta:
        ordering = ["-started_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.connector_id} {self.begins_at:%Y-%m-%d} to {self.ends_at:%Y-%m-%d}"

    def is_open(self, now: datetime) -> bool:
        """Whether it still goes on."""
        return self.ends_at > now
