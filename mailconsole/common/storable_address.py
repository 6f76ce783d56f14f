"""Addresses and cookies without NULs, before anything reads them: PostgreSQL takes none, and none of ours has one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

_REPLACED = "\ufffd"
_ENCODED = "%EF%BF%BD"


@sync_and_async_middleware
def StorableAddressMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            _make_storable(request)
            waiting: Awaitable[HttpResponseBase] = get_response(request)
            return await waiting

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        _make_storable(request)
        answer: HttpResponseBase = get_response(request)
        return answer

    return synchronous


def _make_storable(request: HttpRequest) -> None:
    """GET and COOKIES are made of META when somebody first asks for them."""
    meta = request.META
    query, cookies = meta.get("QUERY_STRING", ""), meta.get("HTTP_COOKIE", "")
    if "%00" in query or "\0" in query:
        meta["QUERY_STRING"] = query.replace("%00", _ENCODED).replace("\0", _ENCODED)
    if "\\000" in cookies or "\0" in cookies:  # RFC 2109's quoted values, as Python's http.cookies still reads them
        meta["HTTP_COOKIE"] = cookies.replace("\\000", "?").replace("\0", "?")
    if "\0" in request.path:
        request.path = request.path.replace("\0", _REPLACED)
        request.path_info = request.path_info.replace("\0", _REPLACED)
