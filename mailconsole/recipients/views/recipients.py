"""The list of recipients, searched as one types, and the page of one of them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from directory.model import RecipientKind
from mailconsole.accounts.access import require_role, user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.common.export import ExportFormat, export_response
from mailconsole.common.pages import page_of, render_page
from mailconsole.recipients.forms import RecipientFilter
from mailconsole.recipients.models import AddressConflict, DirectorySource, Recipient
from mailconsole.recipients.services.search import groups_of, members_of, search_recipients
from mailconsole.recipients.views.details import facts_of, references_of

_COLUMNS = ("display_name", "kind", "primary_address", "addresses", "object_guid", "source")
_SHOWN_MEMBERS = 100


@require_safe
@require_role(Role.VIEWER)
def recipient_list(request: HttpRequest) -> HttpResponse:
    form = RecipientFilter(request.GET)
    found = _found(form)
    if request.GET.get("export") in set(ExportFormat):
        rows = _rows(found)
        return export_response(rows=rows, columns=_COLUMNS, form=ExportFormat(request.GET["export"]), name="recipients")
    context = {
        "form": form,
        "page": page_of(request, found),
        "has_sources": DirectorySource.objects.exists(),
        "has_recipients": Recipient.objects.exists(),
    }
    return render_page(request, "recipients/list.html", context, fragment="recipients/_list.html")


@require_safe
@require_role(Role.VIEWER)
def recipient_detail(request: HttpRequest, guid: UUID) -> HttpResponse:
    recipient = Recipient.objects.filter(object_guid=guid).select_related("source").order_by("source__name").first()
    if recipient is None:
        raise Http404
    value = recipient.value
    is_seen = not value.hides_members or user_has_role(request.user, Role.ADMINISTRATOR)
    context = {
        "recipient": recipient,
        "value": value,
        "facts": facts_of(recipient),
        "references": references_of(recipient),
        "addresses": recipient.address_rows.order_by("-is_primary", "key"),
        "conflicts": _conflicting(recipient),
        "members": page_of(request, members_of(recipient), size=_SHOWN_MEMBERS)
        if value.kind.is_group and is_seen
        else None,
        "are_members_hidden": not is_seen,
        "groups": _groups(request, recipient),
    }
    return render_page(request, "recipients/detail.html", context)


def _groups(request: HttpRequest, recipient: Recipient) -> list[Recipient]:
    """Without those that hide their members from everybody but administrators."""
    groups = list(groups_of(recipient)[:_SHOWN_MEMBERS])
    if user_has_role(request.user, Role.ADMINISTRATOR):
        return groups
    return [group for group in groups if not group.value.hides_members]


def _found(form: RecipientFilter) -> QuerySet[Recipient]:
    if not form.is_valid():
        return Recipient.objects.none()
    kind = form.cleaned_data["kind"]
    return search_recipients(text=form.cleaned_data["q"], kind=RecipientKind(kind) if kind else None)


def _rows(found: QuerySet[Recipient]) -> Iterator[dict[str, Any]]:
    for recipient in found.iterator(chunk_size=1000):
        yield {
            "display_name": recipient.display_name,
            "kind": recipient.kind,
            "primary_address": recipient.primary_address,
            "addresses": " ".join(recipient.value.addresses),
            "object_guid": str(recipient.object_guid),
            "source": recipient.source.name,
        }


def _conflicting(recipient: Recipient) -> set[str]:
    keys = recipient.address_rows.values("key")
    return set(AddressConflict.objects.filter(address__in=keys).values_list("address", flat=True))
