"""What the page of a change shows of its import."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import reverse

from mailconsole.changes.models import Change
from mailconsole.changes.papers import Paper
from mailconsole.imports.models import ImportReport, Origin


def papers_of(change: Change) -> Iterable[Paper]:
    for report in ImportReport.objects.filter(change=change):
        counts = ", ".join(f"{count} {fate.value}" for fate, count in report.counts())
        url = reverse("imports:report", args=[report.pk])
        yield Paper(f"Report of the import from {Origin(report.origin).label}", url, f"{counts}.")
