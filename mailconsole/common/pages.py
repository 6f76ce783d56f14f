"""A page and its htmx fragment share one view and one context; lists are cut into pages."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import patch_vary_headers

PAGE_SIZE = 50
FOLLOWS = "X-Follows"
"""The header of a page that asks for itself anew (follow.js): nobody looked at it by that."""


def render_page(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, fragment: str = "", status: int = 200
) -> HttpResponse:
    """The fragment where htmx asks for a part of the page, else the whole page; both from the same context."""
    htmx = getattr(request, "htmx", None)
    wanted = fragment if fragment and htmx and not htmx.boosted and not htmx.history_restore_request else template
    # What was to be said to a person waits for a page that they open.
    silent: dict[str, Any] = {"messages": ()} if is_following(request) else {}
    response = render(request, wanted, dict(context) | silent, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def is_following(request: HttpRequest) -> bool:
    return FOLLOWS in request.headers


def page_of(request: HttpRequest, rows: Any, *, size: int = PAGE_SIZE) -> Page[Any]:
    """The page that `?page=` asks for; what is out of range becomes the nearest one."""
    return Paginator(rows, size).get_page(request.GET.get("page"))
