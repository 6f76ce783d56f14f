"""The impact of a change on recent traffic: how far the replay is, then what it found, by what one asks for."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from mailconsole.changes.impact.answer import Aspect
from mailconsole.changes.impact.gathering import names
from mailconsole.changes.impact.report import Report
from mailconsole.changes.impact.states import ImpactState
from mailconsole.changes.models import Change, ImpactRun
from mailconsole.changes.refusals import ReplayedJustNow
from mailconsole.changes.services.impact import WINDOW_DAYS, WINDOWS, impact_of
from mailconsole.common.pages import render_page


@require_safe
def change_impact(request: HttpRequest, pk: int) -> HttpResponse:
    """The part of the change's page that is asked for again and again while a worker replays."""
    change = get_object_or_404(Change.objects.select_related("author", "base"), pk=pk)
    context = {"change": change, **(impact_context(request, change) if change.status.is_open else {})}
    return render_page(request, "changes/impact.html", context, fragment="changes/_impact.html")


@require_POST
def replay_again(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask a worker anew; whoever may see the page may."""
    change = get_object_or_404(Change.objects.select_related("author", "base"), pk=pk)
    if change.status.is_open:
        try:
            impact_of(change, now=timezone.now(), days=_days(request.POST.get("days", "")), is_anew=True)
        except ReplayedJustNow as refusal:
            messages.error(request, str(refusal))
    return redirect(reverse("changes:detail", args=[pk]) + f"?{_asked(request.POST)}#impact")


def impact_context(request: HttpRequest, change: Change) -> dict[str, Any]:
    """``run`` is None where nothing records attempts."""
    days = _days(request.GET.get("days", ""))
    run = impact_of(change, now=timezone.now(), days=days)
    report = _report(run)
    context: dict[str, Any] = {"impact_days": days, "windows": WINDOWS, "run": run, "report": report,
                               "has_impact": True, "impact_by": _by(request)}  # fmt: skip
    if report is not None:
        grouping = report.grouping(_by(request))
        context |= {"grouping": grouping, "counts": _counts(report)}
    return context


def _report(run: ImpactRun | None) -> Report | None:
    if run is None or run.state_value is not ImpactState.DONE or run.report is None:
        return None
    try:
        return Report.from_json(run.report)
    except (KeyError, TypeError):  # another version of ours wrote it: a day later it is replayed anew
        return None


def _counts(report: Report) -> list[tuple[Aspect, int]]:
    return [(aspect, report.counts.get(aspect.value, 0)) for aspect in Aspect]


def _by(request: HttpRequest) -> str:
    by = request.GET.get("by", "")
    return by if by in dict(names()) else ""


def _days(text: str) -> int:
    """The window that is asked for; the usual one where there is no such choice."""
    return int(text) if text in map(str, WINDOWS) else WINDOW_DAYS


def _asked(said: QueryDict) -> str:
    """What the page was showing, for the way back to it."""
    return urlencode({name: said[name] for name in ("days", "by") if said.get(name)})
