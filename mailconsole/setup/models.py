"""How far the first set-up has come; one row."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class SetupProgress(models.Model):
    """What step 1 said until step 2 publishes both, and whether somebody put the set-up aside."""

    accepted_domain = models.CharField(max_length=255, blank=True)
    next_hop = models.CharField(max_length=300, blank=True)
    published_at = models.DateTimeField(null=True)
    skipped_at = models.DateTimeField(null=True)
    objects: ClassVar[models.Manager[SetupProgress]] = models.Manager()

    def __str__(self) -> str:
        return self.accepted_domain or "not begun"
