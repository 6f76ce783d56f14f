"""Refusals: who, what and why; and the way from a refused attempt to a relay policy."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.accounts.access import user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import render_page
from mailconsole.tracking.explained import decided_url, now_url
from mailconsole.tracking.forms import RefusalFilterForm
from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services.policy_for import policy_for
from mailconsole.tracking.services.refusals import group_refusals, search_refusals
from mailconsole.tracking.timeline import trail_steps
from mailconsole.tracking.views.messages import EXPORT_PAGE, EXPORT_ROWS, position
from transport.model.verdict import Stage

GROUPS = 10
EXPORT_COLUMNS = (
    "received_at",
    "node",
    "peer",
    "helo",
    "identity",
    "stage",
    "action",
    "sender",
    "recipient",
    "reply",
    "reason",
    "connector_id",
    "revision",
)


@require_safe
def refusal_list(request: HttpRequest) -> HttpResponse:
    """Refused attempts, newest first, and the most frequent of them."""
    form = RefusalFilterForm(request.GET)
    groups = group_refusals(form.query, size=GROUPS)
    may_draft, now = user_has_role(request.user, Role.EDITOR), timezone.now()
    drafts = {group.last.pk: draft_url(group.last, owner=str(request.user), now=now) for group in groups if may_draft}
    context = {
        "form": form,
        "page": search_refusals(form.query, after=position(request)),
        "groups": groups,
        "drafts": drafts if any(drafts.values()) else {},
    }
    return render_page(request, "tracking/refusals.html", context, fragment="tracking/_refusals.html")


@require_safe
def refusal_export(request: HttpRequest, form: str) -> HttpResponse:
    """What the list shows, as a file."""
    rows = _exported(RefusalFilterForm(request.GET))
    return export_response(rows=rows, columns=EXPORT_COLUMNS, form=ExportFormat(form), name="refusals")


@require_safe
def refusal_detail(request: HttpRequest, key: int) -> HttpResponse:
    """One refusal: the decision step by step, what the peer was told and what only we know."""
    refusal = get_object_or_404(Refusal.objects.select_related("node"), pk=key)
    may_draft = user_has_role(request.user, Role.EDITOR)
    context = {
        "refusal": refusal,
        "stage": Stage(refusal.stage) if refusal.stage in set(Stage) else None,
        "trail": trail_steps(refusal.trail),
        "draft_url": draft_url(refusal, owner=str(request.user), now=timezone.now()) if may_draft else "",
        "may_draft": may_draft,
        "explain_url": now_url(refusal),
        "decided_url": decided_url(refusal),
    }
    return render_page(request, "tracking/refusal.html", context)


def draft_url(refusal: Refusal, *, owner: str, now: datetime) -> str:
    """The form of a relay policy that would admit this attempt for a year; empty where none would help."""
    policy = policy_for(refusal, owner=owner, now=now)
    if policy is None:
        return ""
    try:
        form = reverse("mailflow:relay-policy-create")
    except NoReverseMatch:
        return ""
    said = {
        "network": policy["networks"][0],
        "identity": next(iter(policy["identities"]), ""),
        "sender_address": next(iter(policy["sender_addresses"]), ""),
        "recipient_address": policy["recipient_addresses"][0],
        "tls": "1" if policy["is_tls_required"] else "",
        "off": policy.get("comment", ""),
        "title": policy["name"],
        "owner": owner,
        "purpose": policy["purpose"],
        "expires_at": policy["expires_at"],
    }
    return f"{form}?{urlencode({name: value for name, value in said.items() if value})}"


def _exported(form: RefusalFilterForm) -> Iterator[dict[str, Any]]:
    after, count, query = None, 0, form.query
    while count < EXPORT_ROWS:
        page = search_refusals(query, after=after, size=EXPORT_PAGE)
        for refusal in page.refusals:
            yield {name: getattr(refusal, name) for name in EXPORT_COLUMNS} | {"node": refusal.node.name}
        count, after = count + len(page.refusals), page.following
        if after is None:
            return
