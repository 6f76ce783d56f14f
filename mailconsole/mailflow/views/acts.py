"""What is done to an object beside its form, by POST: move a rule, delete, make a service account's password."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.accounts.views.people import actor_of
from mailconsole.changes.services.account_password import make_account_password
from mailconsole.changes.services.stage_item import ACCOUNTS
from mailconsole.common.refusals import Refusal
from mailconsole.mailflow.drafts import found_or_404, seen_by
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.services.move_rule import move_rule
from mailconsole.mailflow.services.stage_object import stage_object
from transport.config.objects import ServiceAccount


@require_POST
@require_role(Role.EDITOR)
def rule_move(request: HttpRequest, object_id: str) -> HttpResponse:
    """One place up or down, staged like any edit."""
    direction = request.POST.get("direction")
    if direction not in ("up", "down"):
        raise Http404(direction)
    try:
        change = move_rule(actor=actor_of(request), rule_id=object_id, is_up=direction == "up", now=timezone.now(),
                           request=request)  # fmt: skip
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        if change is not None:
            messages.success(request, f"The new order is staged in your draft “{change.title}”.")
    return redirect("mailflow:mail-flow-rule-list")


@never_cache
@require_POST
@require_role(Role.EDITOR)
def account_password(request: HttpRequest, object_id: str) -> HttpResponse:
    """Make one; shown in the answer to the POST and kept nowhere: neither session nor log nor address holds it."""
    account = found_or_404(seen_by(request.user), ACCOUNTS, object_id)
    assert isinstance(account, ServiceAccount)
    try:
        password = make_account_password(
            actor=actor_of(request),
            secret=account.password_secret,
            account=account.name,
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect("mailflow:service-account-show", object_id)
    return render(request, "mailflow/account_password.html", {"account": account, "password": password})


@require_POST
@require_role(Role.EDITOR)
def object_delete(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    """Stage the deletion."""
    try:
        change = stage_object(
            actor=actor_of(request),
            kind=kind,
            object_id=object_id,
            after=None,
            now=timezone.now(),
            request=request,
        )
    except Refusal as refusal:
        messages.error(request, str(refusal))
        return redirect(f"mailflow:{KINDS[kind].stem}-list")
    messages.success(request, f"Its deletion is staged in your draft “{change.title}”. Nothing of it is in effect yet.")
    return redirect("changes:detail", change.pk)
