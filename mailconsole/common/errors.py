"""Error pages: what happened, what to do, and the request's id; never a traceback."""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace

import structlog
from django.core.exceptions import DisallowedHost
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.csrf import requires_csrf_token
from pydantic import ValidationError

from mailconsole import __version__
from mailconsole.common.middleware import request_id
from mailconsole.common.refusals import PageRefused
from transport.config.document import MailFlow

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """The words of one error page."""

    status: int
    title: str
    sentence: str
    next_step: str


BAD_REQUEST = ErrorPage(
    400,
    "The request can't be read",
    "What the browser sent is not what this page expects.",
    "Go back, reload the page and try again.",
)
UNKNOWN_HOST = ErrorPage(
    400,
    "The console doesn't know this name",
    "Browsers reach it only by the host names in MAILCONSOLE_ALLOWED_HOSTS.",
    "Add the name that stands in your browser's address to that setting, and start the console again.",
)
FORBIDDEN = ErrorPage(403, "Not allowed", "Your roles don't include this.", "Ask an administrator for the role.")
CSRF = ErrorPage(
    403,
    "The form is out of date",
    "The page was opened before you signed in, or cookies are off.",
    "Go back, reload the page and send the form again.",
)
NOT_FOUND = ErrorPage(
    404,
    "Nothing here",
    "The address is mistyped, or what it showed is gone.",
    "Look for it by the search, or go back to the page that led here.",
)
SERVER_ERROR = ErrorPage(
    500,
    "Something failed on our side",
    "The console could not finish this request. Mail is not affected.",
    "Try again. If it fails again, give the request id to whoever reads the console's log.",
)
NEWER = ErrorPage(
    500,
    "A newer Mailconsole made this",
    "What is published, or the revision that was asked for, holds settings that this one, {}, does not know.",
    "Upgrade this one, or start it again if it was upgraded already: ./console down, then ./console up.",
)


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, DisallowedHost):
        return _page(request, UNKNOWN_HOST)
    return _page(request, BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> HttpResponse:
    if isinstance(exception, PageRefused):
        return _page(request, ErrorPage(403, FORBIDDEN.title, exception.sentence, exception.next_step))
    return _page(request, FORBIDDEN)


@requires_csrf_token
def csrf_refused(request: HttpRequest, reason: str = "") -> HttpResponse:
    log.warning("request.csrf_refused", reason=reason)
    return _page(request, CSRF)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _page(request, NOT_FOUND)


def server_error(request: HttpRequest) -> HttpResponse:
    """No context processors here: what broke the page must not break its error page."""
    from django.template.loader import render_to_string

    words = {"error": _failure(sys.exc_info()[1]), "request_id": request_id(request)}
    return HttpResponse(render_to_string("errors/server_error.html", words), status=500)


def _failure(error: BaseException | None) -> ErrorPage:
    """A document whose fields are unknown here was stored by a newer console: another process beside this one."""
    if not isinstance(error, ValidationError) or error.title != MailFlow.__name__:
        return SERVER_ERROR
    if any(one["type"] == "extra_forbidden" for one in error.errors()):
        return replace(NEWER, sentence=NEWER.sentence.format(__version__))
    return SERVER_ERROR


def _page(request: HttpRequest, error: ErrorPage) -> HttpResponse:
    words = {"error": error, "request_id": request_id(request)}
    return render(request, _template(request, error), words, status=error.status)


def _template(request: HttpRequest, error: ErrorPage) -> str:
    if getattr(request, "htmx", False):
        return "errors/_error.html"
    is_within = error.status in (403, 404) and error is not CSRF and hasattr(request, "user")
    return "errors/framed.html" if is_within and request.user.is_authenticated else "errors/error.html"
