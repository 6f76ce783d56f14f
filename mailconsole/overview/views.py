"""The first page: is mail flowing, and what needs a person now."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Everything on it is a live region; see the apps that registered them."""
    return render(request, "overview/home.html")
