"""Who gets mail sent to this address; and what should be mended in the directory."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from directory.errors import SnapshotUnavailable
from directory.snapshot_report import domains, unresolved
from mailconsole.accounts.access import require_role, user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.common.pages import render_page
from mailconsole.recipients.forms import WhoForm
from mailconsole.recipients.known import open_directory
from mailconsole.recipients.models import AddressConflict, DirectoryRules
from mailconsole.recipients.services.health import alerts
from mailconsole.recipients.services.snapshot import snapshot_folder
from mailconsole.recipients.services.unused import last_review
from mailconsole.recipients.services.who_gets import WhoGets, who_gets
from mailconsole.recipients.views.sync import conflict_rows
from transport.model.address import InvalidAddress
from transport.rules.ruleset import compile_ruleset


@require_safe
@require_role(Role.VIEWER)
def who_page(request: HttpRequest) -> HttpResponse:
    form = WhoForm(request.GET or None)
    context: dict[str, Any] = {"form": form}
    if form.is_valid():
        try:
            context["who"] = _asked(form, user_has_role(request.user, Role.ADMINISTRATOR))
        except InvalidAddress as error:
            form.add_error(None, f"This is no address: {error}.")
    return render_page(request, "recipients/who.html", context, status=422 if form.errors else 200)


def _asked(form: WhoForm, shows_hidden: bool) -> WhoGets:
    head = head_revision()
    return who_gets(
        form.cleaned_data["address"],
        sender=form.cleaned_data["sender"],
        is_signed_in=form.cleaned_data["is_signed_in"],
        size_bytes=form.cleaned_data["size"],
        shows_hidden=shows_hidden,
        document=load_document(head),
        revision=head.number,
        finds=open_directory(),
    )


@require_safe
@require_role(Role.VIEWER)
def to_mend(request: HttpRequest) -> HttpResponse:
    head = head_revision()
    ruleset = compile_ruleset(load_document(head), head.number)
    context: dict[str, Any] = {
        "alerts": alerts(timezone.now()),
        "conflicts": conflict_rows(),
        "conflict_count": AddressConflict.objects.count(),
        "rule": DirectoryRules.current().conflict_rule_value,
        "review": last_review(),
        "kept_days": settings.TRACKING_RETENTION_DAYS,
    }
    try:
        context["unresolved"] = unresolved(snapshot_folder())
        used = domains(snapshot_folder())
        context["foreign"] = [one for one in used if ruleset.accepted_domain(one.domain) is None]
    except SnapshotUnavailable as error:
        context["problem"] = str(error)
    return render_page(request, "recipients/to_mend.html", context)
