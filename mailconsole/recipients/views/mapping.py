"""Which attribute of a chosen entry became what, as the controller has it now."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from directory.errors import DirectoryError
from directory.explain_mapping import explain_entry
from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.common.pages import render_page
from mailconsole.common.refusals import Refusal
from mailconsole.recipients.models import Recipient
from mailconsole.recipients.services.sources import settings_of


@require_safe
@require_role(Role.ADMINISTRATOR)
def mapping_page(request: HttpRequest, guid: UUID) -> HttpResponse:
    recipient = Recipient.objects.filter(object_guid=guid).select_related("source").order_by("source__name").first()
    if recipient is None:
        raise Http404
    context: dict[str, Any] = {"recipient": recipient}
    try:
        context["entry"] = explain_entry(settings_of(recipient.source), str(guid))
    except (DirectoryError, Refusal) as error:
        context["problem"] = str(error)
    return render_page(request, "recipients/mapping.html", context)
