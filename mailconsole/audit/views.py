"""The audit as people read it: a list with filters and export, and one entry with what was before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.http import require_safe

from mailconsole.audit.forms import AuditFilterForm
from mailconsole.audit.models import AuditEntry, AuditExport
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import page_of, render_page

PLAN = "plan"  # what a published change did, as its reviewer read it
COLUMNS = (
    "number",
    "at",
    "actor_name",
    "action",
    "object_kind",
    "object_id",
    "summary",
    "reason",
    "peer",
    "request_id",
    "digest",
)


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field of an entry as the kit's diff shows it."""

    kind: str
    text: str
    before: str
    after: str

    @property
    def is_words(self) -> bool:
        """Whether it holds sentences of ours, one a line, in which names stand between asterisks."""
        return self.text == PLAN


@require_safe
def audit_list(request: HttpRequest) -> HttpResponse:
    form = AuditFilterForm(request.GET)
    context = {"form": form, "page": page_of(request, form.entries()), "syslog": _syslog()}
    return render_page(request, "audit/list.html", context, fragment="audit/_entries.html")


def _syslog() -> dict[str, Any] | None:
    """Where the audit is sent too, what waits and why."""
    target = settings.AUDIT_SYSLOG
    if target is None:
        return None
    export = AuditExport.objects.filter(target=str(target)).first()
    waiting = AuditEntry.objects.filter(number__gt=export.number if export is not None else 0).count()
    return {"target": str(target), "export": export, "waiting": waiting}


@require_safe
def audit_entry(request: HttpRequest, number: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry, number=number)
    context = {"entry": entry, "changes": list(_changes(entry.before, entry.after))}
    return render_page(request, "audit/entry.html", context)


@require_safe
def audit_export(request: HttpRequest, form: str) -> HttpResponse:
    if form not in set(ExportFormat):
        raise Http404(form)
    rows = AuditFilterForm(request.GET).entries().values(*COLUMNS).iterator()
    return export_response(rows=rows, columns=COLUMNS, form=ExportFormat(form), name="audit")


def _changes(before: Any, after: Any) -> Iterator[FieldChange]:
    """Fields that differ, in the order of their names; what is no object is one field."""
    was, now = _fields(before), _fields(after)
    for name in sorted(was.keys() | now.keys()):
        if was.get(name) != now.get(name):
            kind = "added" if name not in was else "removed" if name not in now else "changed"
            yield FieldChange(kind, name, _text(was.get(name)), _text(now.get(name)))


def _fields(value: Any) -> dict[str, Any]:
    if value is None:
        return {}
    return value if isinstance(value, dict) else {"value": value}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
