"""What holds for all directories, and what was found by it."""

from __future__ import annotations

from datetime import timedelta

from django.db import models

from directory.snapshot_schema import ConflictRule

UNUSED_AFTER_DAYS = 30


class ProxyReview(models.Model):
    """The last time that tracked mail was asked which proxy addresses it used: one row.

    ``since`` is the beginning of the window, or of what is tracked where that is later.
    """

    reviewed_at = models.DateTimeField()
    since = models.DateTimeField()
    days = models.PositiveIntegerField()
    proxy_count = models.PositiveIntegerField()
    unused_count = models.PositiveIntegerField()

    def __str__(self) -> str:
        return f"{self.unused_count} of {self.proxy_count} since {self.since:%Y-%m-%d}"

    @property
    def known_days(self) -> int:
        """The days of which something is known, one that began among them: old mail goes by the hour."""
        return -((self.since - self.reviewed_at) // timedelta(days=1))

    @property
    def is_short(self) -> bool:
        """Whether less is tracked than the window asks for: too little to tell."""
        return self.known_days < self.days


class DirectoryRules(models.Model):
    """What holds for all directories: one row."""

    conflict_rule = models.CharField(
        max_length=20, choices=[(one.value, one.label) for one in ConflictRule], default=ConflictRule.WAIT.value
    )
    unused_after_days = models.PositiveIntegerField(default=UNUSED_AFTER_DAYS)

    def __str__(self) -> str:
        return "Rules for all directories"

    @property
    def conflict_rule_value(self) -> ConflictRule:
        return ConflictRule(self.conflict_rule)

    @classmethod
    def current(cls) -> DirectoryRules:
        return cls.objects.filter(pk=1).first() or cls(pk=1)
