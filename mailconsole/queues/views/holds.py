"""Hold rules: listed, added, lifted."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from mailconsole.accounts.access import require_role, user_has_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import page_of, render_page
from mailconsole.common.templatetags.words import wire
from mailconsole.queues.forms import HoldRuleForm
from mailconsole.queues.models import HoldRule
from mailconsole.queues.services.holds import HoldDone, HoldRefused, add_hold_rule, lift_hold_rule
from mailconsole.queues.shown import shown_rule
from transport.model.queue_filter import BadFilter


@require_safe
def hold_list(request: HttpRequest) -> HttpResponse:
    """Rules in force first as they are newest; those that are over stay to be read."""
    now = timezone.now()
    page = page_of(request, HoldRule.objects.order_by("-lifted_at", "-created_at"))
    rules = sorted((shown_rule(one, now) for one in page), key=lambda one: not one.is_in_force)
    context = {"page": page, "rules": rules, "may_operate": user_has_role(request.user, Role.OPERATOR)}
    return render_page(request, "queues/holds.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@require_role(Role.OPERATOR)
def hold_add(request: HttpRequest) -> HttpResponse:
    """A new rule; criteria may come in the address."""
    form = HoldRuleForm(request.POST or None, initial=request.GET.dict())
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        try:
            done = add_hold_rule(
                wanted=form.wanted,
                reason=form.cleaned_data["reason"],
                expires_at=form.expires_at(now),
                actor=cast(User, request.user),
                now=now,
                request=request,
            )
        except (HoldRefused, BadFilter) as refused:
            form.add_error(None, str(refused))
        else:
            _tell(request, done, "is in force")
            return redirect("queues:holds")
    return render_page(request, "queues/hold_form.html", {"form": form})


@require_POST
@require_role(Role.OPERATOR)
def hold_lift(request: HttpRequest, pk: int) -> HttpResponse:
    """End a rule; what it holds goes on."""
    try:
        done = lift_hold_rule(
            rule_id=pk, reason=request.POST.get("reason", ""), actor=cast(User, request.user), request=request
        )
    except HoldRefused as refused:
        messages.error(request, wire(refused))
    else:
        _tell(request, done, "is lifted; what it held goes on")
    return redirect("queues:holds")


def _tell(request: HttpRequest, done: HoldDone, what: str) -> None:
    where = f" on {', '.join(done.nodes)}" if done.nodes else ""
    messages.success(request, wire(f"Hold rule {done.rule.pk} {what}{where}."))
    for problem in done.problems:
        messages.warning(request, wire(f"{problem} It follows when it is back."))
