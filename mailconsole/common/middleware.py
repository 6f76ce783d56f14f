"""What every request gets: an id that error pages, log lines and audit rows share, and headers without a setting.

Both kinds of view pass without a hop between threads: server-sent events stay asynchronous.
"""

from __future__ import annotations

import uuid
from collections.abc import Awaitable, Callable
from typing import Any

import structlog
from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

PERMISSIONS_POLICY = "camera=(), geolocation=(), microphone=(), payment=(), usb=()"


def request_id(request: HttpRequest) -> str:
    """The id of this request; empty where the middleware did not run."""
    return getattr(request, "request_id", "")


@sync_and_async_middleware
def RequestIdMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            _begin(request)
            waiting: Awaitable[HttpResponseBase] = get_response(request)
            return _finish(request, await waiting)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        _begin(request)
        return _finish(request, get_response(request))

    return synchronous


def _begin(request: HttpRequest) -> None:
    request.request_id = uuid.uuid4().hex[:12]  # type: ignore[attr-defined]
    structlog.contextvars.clear_contextvars()
    structlog.contextvars.bind_contextvars(request_id=request_id(request))


def _finish(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    response.headers["X-Request-Id"] = request_id(request)
    response.headers.setdefault("Permissions-Policy", PERMISSIONS_POLICY)
    if not request.path.startswith("/static/"):
        response.headers.setdefault("Cache-Control", "no-store")
    return response
