"""Under /api/ a refusal is a problem document where no operation was reached too: unknown address, wrong method."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from asgiref.sync import iscoroutinefunction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.decorators import sync_and_async_middleware

from mailconsole.api.problems import problem

_SAID = {
    400: ("BadRequest", "The request can't be read."),
    403: ("NotAllowed", "The request is refused."),
    404: ("NotFound", "There is nothing of that name."),
    405: ("WrongMethod", "This address has no such method."),
    413: ("TooLarge", "The body is too large."),
    500: ("Failure", "Something went wrong here: the request id finds it in the log."),
}


@sync_and_async_middleware
def ApiProblemMiddleware(get_response: Callable[[HttpRequest], Any]) -> Callable[[HttpRequest], Any]:  # noqa: N802
    if iscoroutinefunction(get_response):

        async def asynchronous(request: HttpRequest) -> HttpResponseBase:
            waiting: Awaitable[HttpResponseBase] = get_response(request)
            return _for_programs(request, await waiting)

        return asynchronous

    def synchronous(request: HttpRequest) -> HttpResponseBase:
        return _for_programs(request, get_response(request))

    return synchronous


def _for_programs(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """A page for people is a problem for programs."""
    status, is_page = response.status_code, response.headers.get("Content-Type", "").startswith("text/html")
    if status not in _SAID or not is_page or not request.path.startswith("/api/"):
        return response
    made = problem(request, status, *_SAID[status])
    if "Allow" in response.headers:
        made.headers["Allow"] = response.headers["Allow"]
    return made
