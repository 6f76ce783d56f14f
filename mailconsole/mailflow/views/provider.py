"""A list in DNS asked about one address, from its page."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from mailconsole.accounts.access import require_role
from mailconsole.accounts.roles import Role
from mailconsole.common.refusals import Refusal
from mailconsole.mailflow.drafts import seen_by
from mailconsole.mailflow.kinds.table import KINDS
from mailconsole.mailflow.services.ask_provider import ask_provider
from transport.config.objects import AllowListProvider, BlockListProvider
from transport.model.verdict import Answer


@require_POST
@require_role(Role.EDITOR)
def provider_ask(request: HttpRequest, kind: str, object_id: str) -> HttpResponse:
    """As the provider stands in the person's draft, else in what is published."""
    provider = seen_by(request.user).objects(kind).get(object_id)
    if not isinstance(provider, AllowListProvider | BlockListProvider):
        raise Http404(object_id)
    address = request.POST.get("address", "").strip()
    try:
        found = ask_provider(provider=provider, address=address)
    except Refusal as refusal:
        messages.error(request, str(refusal))
    else:
        tell = {Answer.YES: messages.warning, Answer.NO: messages.success}.get(found.answer, messages.error)
        tell(request, f"{address}: {found.because}")
    return redirect(f"mailflow:{KINDS[kind].stem}-show", object_id)
