"""The audit as people read it: a list with filters, an entry with before and after; for auditors a copy and a check."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.audit.forms import AuditFilterForm
from mailconsole.audit.models import AuditEntry
from mailconsole.audit.read import (
    COLUMNS,
    TooManyEntries,
    check_chain,
    export_entries,
    forwarding,
    may_read_whole,
)
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import page_of, render_page

PLAN = "plan"  # what a published change did, as its reviewer read it


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
    context = {"form": form, "page": page_of(request, form.entries()), "is_auditor": may_read_whole(request.user)}
    if context["is_auditor"]:
        context["syslog"] = forwarding()
    return render_page(request, "audit/list.html", context, fragment="audit/_entries.html")


@require_safe
def audit_entry(request: HttpRequest, number: int) -> HttpResponse:
    entry = get_object_or_404(AuditEntry, number=number)
    changes = list(_changes(entry.before, entry.after))
    context = {"entry": entry, "changes": changes, "is_auditor": may_read_whole(request.user)}
    return render_page(request, "audit/entry.html", context)


@require_safe
@require_role(Role.AUDITOR)
def audit_export(request: HttpRequest, form: str) -> HttpResponse:
    if form not in set(ExportFormat):
        raise Http404(form)
    try:
        rows = export_entries(actor=actor_of(request), entries=AuditFilterForm(request.GET).entries())
    except TooManyEntries as refusal:
        messages.error(request, str(refusal))
        return redirect(f"{reverse('audit:list')}?{request.GET.urlencode()}")
    return export_response(rows=rows, columns=COLUMNS, form=ExportFormat(form), name="audit")


@require_POST
@require_role(Role.AUDITOR)
def audit_verify(request: HttpRequest) -> HttpResponse:
    found = check_chain(actor=actor_of(request))
    if found.is_whole:
        messages.success(request, f"The audit is whole: {found.checked:,} entries, each as it was written.")
    else:
        messages.error(request, f"The audit is not whole. {found.problem}")
    return redirect("audit:list")


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
