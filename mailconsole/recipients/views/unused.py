"""Proxy addresses that no mail used: what the last review found, and how long no mail must have come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import page_of, render_page
from mailconsole.recipients.models import DirectoryRules, RecipientAddress
from mailconsole.recipients.services.unused import WINDOWS, choose_window, last_review, unused_proxies

_COLUMNS = ("address", "display_name", "primary_address", "object_guid", "source", "object_changed_at")


@require_safe
@require_role(Role.VIEWER)
def unused_page(request: HttpRequest) -> HttpResponse:
    found = unused_proxies()
    if request.GET.get("export") in set(ExportFormat):
        form = ExportFormat(request.GET["export"])
        return export_response(rows=_rows(found), columns=_COLUMNS, form=form, name="unused-proxies")
    days = DirectoryRules.current().unused_after_days
    context = {
        "review": last_review(),
        "page": page_of(request, found),
        "days": days,
        "windows": WINDOWS,
        "kept_days": settings.TRACKING_RETENTION_DAYS,
    }
    return render_page(request, "recipients/unused.html", context)


@require_POST
@require_role(Role.ADMINISTRATOR)
def set_window(request: HttpRequest) -> HttpResponse:
    text = request.POST.get("days", "")
    if text not in {str(days) for days in WINDOWS}:
        raise BadRequest("There is no such window.")
    choose_window(days=int(text), actor=request.user, request=request)
    told = f"Proxy addresses count as unused after {text} days; they are looked for within a minute."
    messages.success(request, told)
    return redirect("recipients:unused")


def _rows(found: QuerySet[RecipientAddress]) -> Iterator[dict[str, Any]]:
    for row in found.iterator(chunk_size=1000):
        yield {
            "address": row.address,
            "display_name": row.recipient.display_name,
            "primary_address": row.recipient.primary_address,
            "object_guid": str(row.recipient.object_guid),
            "source": row.recipient.source.name,
            "object_changed_at": row.recipient.updated_at.isoformat(),
        }
