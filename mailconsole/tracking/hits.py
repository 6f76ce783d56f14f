"""Messages in the search for everything."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

from django.http import HttpRequest
from django.urls import reverse

from mailconsole.common.search import MAX_HITS, Hit
from mailconsole.tracking.services.search import MessageQuery, search_messages


def find_messages(request: HttpRequest, text: str) -> Iterator[Hit]:
    """By queue id, message-id, address, domain or client address; the newest first, then the way to all of them."""
    page = search_messages(MessageQuery(text=text), size=MAX_HITS - 1)
    for message in page.messages:
        url = reverse("tracking:message", args=[message.node.name, message.queue_id])
        words = f"{message.get_status_display()} · from {message.sender or '<>'} · {message.queue_id}"
        yield Hit(message.subject or "(no subject)", url, words, "mail")
    if page.following is not None:
        url = f"{reverse('tracking:messages')}?{urlencode({'q': text})}"
        yield Hit("More messages", url, "everything that matches, newest first", "mail-search")
