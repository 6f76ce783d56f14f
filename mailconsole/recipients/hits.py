"""What the one search for everything finds among recipients."""

from __future__ import annotations

from collections.abc import Iterable

from django.http import HttpRequest
from django.urls import reverse

from mailconsole.common.search import Hit
from mailconsole.recipients.services.search import search_recipients


def find_recipients(request: HttpRequest, query: str) -> Iterable[Hit]:
    for recipient in search_recipients(text=query).iterator(chunk_size=20):
        yield Hit(
            recipient.display_name,
            reverse("recipients:detail", args=[recipient.object_guid]),
            f"{recipient.primary_address}, {recipient.kind_value.label.lower()}",
            "user",
        )
