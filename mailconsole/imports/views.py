"""Pages of imports: the form, and the report that the draft's reviewer reads."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.links import edit_url
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.imports.forms import ImportForm
from mailconsole.imports.models import ImportReport, Origin
from mailconsole.imports.reading.files import MAX_WEB_OCTETS
from mailconsole.imports.report import Fate, Line
from mailconsole.imports.services.import_files import import_files

COLUMNS = ("source", "name", "parameter", "value", "fate", "note", "kind", "object_id")


@dataclass(frozen=True, slots=True)
class Part:
    """What is told of one object of the source, and where what it became is edited."""

    source: str
    name: str
    url: str
    lines: list[Line]


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.EDITOR)
def new(request: HttpRequest) -> HttpResponse:
    actor = actor_of(request)
    form = ImportForm(request.POST or None, request.FILES or None, initial={"owner": str(actor)[:64]})
    if request.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            made = import_files(
                actor=actor,
                origin=Origin(said["origin"]),
                files=[(file.name or "file", file.read()) for file in said["files"]],
                owner=said["owner"],
                title=said["title"],
                most=MAX_WEB_OCTETS,
                now=timezone.now(),
                request=request,
            )
        except Refusal as refusal:
            form.add_error("files", str(refusal))
        else:
            messages.success(request, f"Drafted as “{made.change.title}”. Nothing of it is in effect yet.")
            return redirect("imports:report", made.pk)
    recent = ImportReport.objects.select_related("change", "author").defer("lines")[:20]
    context = {"form": form, "recent": recent}
    return render_page(request, "imports/new.html", context, status=422 if form.errors else 200)


@require_safe
def report(request: HttpRequest, pk: int) -> HttpResponse:
    """All of it on one page, to be printed; ``?fate=`` keeps one kind of line."""
    found = get_object_or_404(ImportReport.objects.select_related("change", "author"), pk=pk)
    wanted = request.GET.get("fate", "")
    lines = [line for line in found.all_lines if wanted in ("", line.fate.value)]
    context = {"report": found, "origin": Origin(found.origin), "parts": _parts(lines), "counts": found.counts(),
               "wanted": wanted, "total": len(found.lines)}  # fmt: skip
    return render_page(request, "imports/report.html", context)


@require_safe
def report_csv(request: HttpRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(ImportReport, pk=pk)
    rows = (asdict(line) for line in found.all_lines)
    return export_response(rows=rows, columns=COLUMNS, form=ExportFormat.CSV, name=f"import-{found.pk}")


def _parts(lines: list[Line]) -> list[Part]:
    """In the order of the import; what was left out comes first within each."""
    order = {Fate.LEFT_OUT: 0, Fate.APPROXIMATED: 1, Fate.MAPPED: 2}
    grouped: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        grouped.setdefault((line.source, line.name), []).append(line)
    return [
        Part(source, name, _url(members), sorted(members, key=lambda line: order[line.fate]))
        for (source, name), members in grouped.items()
    ]


def _url(lines: list[Line]) -> str:
    found = next((line for line in lines if line.object_id), None)
    return edit_url(found.kind, found.object_id) if found is not None else ""
