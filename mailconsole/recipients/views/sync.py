"""The state of directory sync: sources, runs, conflicts, the look-up file; and the buttons that start a reading."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from directory.snapshot_schema import ConflictRule
from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import page_of, render_page
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import AddressConflict, DirectorySource, Recipient, SyncRun
from mailconsole.recipients.services.conflict_rule import choose_conflict_rule
from mailconsole.recipients.services.request_sync import cancel_sync, confirm_shrink, request_sync
from mailconsole.recipients.services.snapshot import snapshot_status

_SHOWN_RUNS = 25
_SHOWN_CONFLICTS = 100


@require_safe
@require_role(Role.VIEWER)
def sync_status(request: HttpRequest) -> HttpResponse:
    runs = SyncRun.objects.select_related("source", "actor").defer("problems", "changes")
    context = {
        "sources": _sources(),
        "snapshot": snapshot_status(now=timezone.now()),
        "page": page_of(request, runs, size=_SHOWN_RUNS),
        "conflicts": conflict_rows(),
        "conflict_count": AddressConflict.objects.count(),
        "recipient_count": Recipient.objects.count(),
    }
    return render_page(request, "recipients/sync.html", context, fragment="recipients/_sync.html")


@require_safe
@require_role(Role.VIEWER)
def run_detail(request: HttpRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(SyncRun.objects.select_related("source", "actor"), pk=pk)
    return render_page(request, "recipients/run.html", {"run": run})


@require_POST
@require_role(Role.OPERATOR)
def sync_now(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DirectorySource, pk=pk)
    try:
        is_whole = request.POST.get("what") == "everything"
        request_sync(source=source, actor=request.user, is_whole=is_whole, request=request)
        messages.success(request, f"The directory {source} is being read; this page shows how it goes.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("recipients:sync")


@require_POST
@require_role(Role.OPERATOR)
def cancel(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DirectorySource, pk=pk)
    try:
        cancel_sync(source=source, actor=request.user, request=request)
        messages.success(request, f"The reading of {source} ends at its next page; nothing is changed by it.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("recipients:sync")


@require_POST
@require_role(Role.ADMINISTRATOR)
def accept_shrink(request: HttpRequest, pk: int) -> HttpResponse:
    source = get_object_or_404(DirectorySource, pk=pk)
    try:
        reason = request.POST.get("reason", "")[:500]
        confirm_shrink(source=source, reason=reason, actor=request.user, request=request)
        messages.success(request, f"The directory {source} is being read again, and what is gone will go.")
    except Refusal as refusal:
        messages.error(request, str(refusal))
    return redirect("recipients:sync")


@require_POST
@require_role(Role.ADMINISTRATOR)
def set_conflict_rule(request: HttpRequest) -> HttpResponse:
    """What happens with mail to an address that two objects claim."""
    if request.POST.get("rule") not in set(ConflictRule):
        raise BadRequest("There is no such rule.")
    rule = ConflictRule(request.POST["rule"])
    choose_conflict_rule(rule=rule, actor=request.user, now=timezone.now(), request=request)
    messages.success(request, f"{rule.label}: {rule.sentence}")
    return redirect("recipients:to-mend")


def _sources() -> list[dict[str, Any]]:
    rows = []
    for source in DirectorySource.objects.all():
        last = source.runs.defer("problems", "changes").first()
        rows.append({"source": source, "last": last, "count": source.recipients.count(), "id": f"shrink-{source.pk}"})
    return rows


def conflict_rows() -> list[dict[str, Any]]:
    shown = list(AddressConflict.objects.order_by("address")[:_SHOWN_CONFLICTS])
    guids = {guid for conflict in shown for guid in conflict.object_guids}
    by_guid = {str(row.object_guid): row for row in Recipient.objects.filter(object_guid__in=guids)}
    return [
        {"address": one.address, "recipients": [by_guid[guid] for guid in one.object_guids if guid in by_guid]}
        for one in shown
    ]
