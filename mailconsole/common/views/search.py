"""The search page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailconsole.common.pages import render_page
from mailconsole.common.search import search_everything

MAX_QUERY = 300


@require_safe
def search(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:MAX_QUERY]
    groups = search_everything(request, query) if query else []
    return render_page(request, "search.html", {"search_query": query, "groups": groups})
