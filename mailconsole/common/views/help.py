"""The help's index and its pages."""

from __future__ import annotations

from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from mailconsole.common.help import TOPICS, body_of, find_topics, topic_of
from mailconsole.common.pages import render_page


@require_safe
def help_index(request: HttpRequest) -> HttpResponse:
    query = request.GET.get("q", "").strip()[:200]
    topics = find_topics(query) if query else TOPICS
    return render_page(request, "help/index.html", {"topics": topics, "query": query}, fragment="help/_topics.html")


@require_safe
def help_topic(request: HttpRequest, slug: str) -> HttpResponse:
    topic = topic_of(slug)
    if topic is None:
        raise Http404(slug)
    return render_page(request, "help/page.html", {"topic": topic, "topics": TOPICS, "body": body_of(topic)})
