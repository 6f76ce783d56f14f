"""The report of an import: written once, kept with its change for whoever reviews it."""

from __future__ import annotations

from django.conf import settings
from django.db import models

from mailconsole.changes.models import Change, WrittenOnce
from mailconsole.imports.report import Fate, Line, lines_of


class Origin(models.TextChoices):
    """Where the configuration comes from."""

    EXCHANGE = "exchange", "Exchange"
    POSTFIX = "postfix", "Postfix"

    @property
    def sentence(self) -> str:
        return {
            Origin.EXCHANGE: "Exports of Exchange's Get- cmdlets, and receive protocol logs.",
            Origin.POSTFIX: "main.cf or postconf -n, and the tables that it names as text.",
        }[self]


class ImportReport(WrittenOnce):
    """``files``: name, size, SHA-256 and what it was; ``lines``: see report.py."""

    change = models.ForeignKey(Change, on_delete=models.PROTECT, related_name="+")
    origin = models.CharField(max_length=20, choices=Origin)
    files = models.JSONField()
    lines = models.JSONField()
    author = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"Import from {Origin(self.origin).label} of {self.created_at:%Y-%m-%d}"

    @property
    def all_lines(self) -> list[Line]:
        return lines_of(self.lines)

    def counts(self) -> list[tuple[Fate, int]]:
        fates = [line["fate"] for line in self.lines]
        return [(fate, fates.count(fate.value)) for fate in Fate]
