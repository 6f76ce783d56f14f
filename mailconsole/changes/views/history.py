"""Revisions: the list, one of them, two compared, one as YAML."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.changes.models import Revision
from mailconsole.changes.services.compare import first_yaml_changes
from mailconsole.changes.services.drift import drifting
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.views.detail import lines_of
from mailconsole.changes.views.lists import LISTINGS, Tab
from mailconsole.changes.views.running import nodes_running, running
from mailconsole.common.pages import page_of, render_page
from transport.config import text
from transport.config.diff import diff


@require_safe
def history(request: HttpRequest) -> HttpResponse:
    head, now = head_revision(), timezone.now()
    rows = Revision.objects.select_related("author", "published_by", "change")
    tabs = [Tab(one.label, reverse("changes:list-of", args=[one.name]), False) for one in LISTINGS.values()]
    tabs.append(Tab("History", reverse("changes:history"), True))
    nodes = nodes_running(head, now=now)
    context = {
        "page": page_of(request, rows),
        "head": head,
        "tabs": tabs,
        "drifting": drifting(now),
        "nodes": nodes,
        "is_settling": any(one.is_settling for one in nodes),
    }
    return render_page(request, "changes/history.html", context, fragment="changes/_history.html")


@require_safe
def revision(request: HttpRequest, number: int) -> HttpResponse:
    """One revision against another: its parent, or what `?against=` asks for."""
    shown = get_object_or_404(
        Revision.objects.select_related("author", "published_by", "change", "parent"), number=number
    )
    wanted = request.GET.get("against", "")
    is_number = wanted.isdecimal() and len(wanted) < 10
    against = Revision.objects.filter(number=int(wanted)).first() if is_number else shown.parent
    before, after = load_document(against if against is not None else shown), load_document(shown)
    changes = diff(before, after)
    yaml, left_out = first_yaml_changes(changes)
    context = {
        "revision": shown,
        "against": against,
        "lines": lines_of(changes, before),
        "yaml": yaml,
        "yaml_left_out": left_out,
        "head": head_revision(),
        "numbers": Revision.objects.exclude(pk=shown.pk).values_list("number", flat=True)[:200],
        "running": running(shown, now=timezone.now()),
    }
    return render_page(request, "changes/revision.html", context)


@require_safe
def revision_yaml(request: HttpRequest, number: int) -> HttpResponse:
    """The document of a revision, as `config export` gives it."""
    found = get_object_or_404(Revision, number=number)
    response = HttpResponse(text.export(load_document(found)), content_type="application/yaml; charset=utf-8")
    response.headers["Content-Disposition"] = f'attachment; filename="mail-flow-{number}.yaml"'
    return response
