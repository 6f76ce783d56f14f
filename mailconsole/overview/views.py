"""The first page: is mail flowing, and what needs a person now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from mailconsole.common.pages import render_page
from mailconsole.overview.resources import recent_events


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everything on it is a live region; see the apps that registered them."""
    return render(request, "overview/home.html")


@require_safe
def nodes(request: HttpRequest) -> HttpResponse:
    """Each node's resources, live, and what happened to nodes lately."""
    return render_page(request, "overview/nodes.html", {"events": recent_events()}, fragment="overview/_events.html")
