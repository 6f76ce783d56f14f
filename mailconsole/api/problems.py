"""Refusals as problem details (RFC 9457): the refusal's name is the type, its sentence the detail."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from ninja import NinjaAPI
from ninja.errors import AuthenticationError, HttpError, ValidationError

from mailconsole.certificates.refusals import CertificateInUse, NameTaken
from mailconsole.changes import refusals
from mailconsole.common.middleware import request_id
from mailconsole.common.refusals import PageRefused, Refusal, named
from mailconsole.learning.refusals import CandidatesGone, LearnsAlready, NeverLearned, NoSuchConnector, NotLearning
from mailconsole.nodes.dispatch import NodeDidNotAnswer
from mailconsole.queues.services.bulk import PreviewIsStale
from mailconsole.queues.services.queues import AlreadySo, CommandFailed, QueueGone
from transport.config.text import BadText
from transport.model.queue_filter import BadFilter


class NotAnAddress(Refusal):
    """What should be a mail address is none."""


_STATUS: Mapping[type[Exception], int] = {
    **dict.fromkeys(refusals.NOT_ALLOWED, 403),
    **dict.fromkeys(refusals.NOT_THERE, 404),
    **dict.fromkeys(refusals.MOVED, 409),
    NoSuchConnector: 404,
    NeverLearned: 404,
    LearnsAlready: 409,
    NotLearning: 409,
    CandidatesGone: 409,
    NameTaken: 409,
    CertificateInUse: 409,
    QueueGone: 404,
    AlreadySo: 409,
    PreviewIsStale: 409,
    CommandFailed: 503,
    NodeDidNotAnswer: 503,
}


def problem(request: HttpRequest, status: int, name: str, detail: str, **more: Any) -> HttpResponse:
    """One answer of type application/problem+json."""
    body = {
        **named(name),
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request_id(request),
        **more,
    }
    answer = JsonResponse(body, status=status, content_type="application/problem+json")
    if status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer


def register_problems(api: NinjaAPI) -> None:
    """Every way to say no, as a problem."""

    @api.exception_handler(Refusal)
    def refused(request: HttpRequest, refusal: Refusal) -> HttpResponse:
        status = next((code for kind, code in _STATUS.items() if isinstance(refusal, kind)), 422)
        return problem(request, status, type(refusal).__name__, str(refusal), **_more(refusal))

    @api.exception_handler(BadText)
    def unreadable(request: HttpRequest, bad: BadText) -> HttpResponse:
        found = [{"line": one.line, "path": one.path, "sentence": one.sentence} for one in bad.problems]
        return problem(request, 422, "BadText", str(bad.problems[0]), problems=found)

    @api.exception_handler(BadFilter)
    def misread(request: HttpRequest, bad: BadFilter) -> HttpResponse:
        return problem(request, 422, "BadFilter", str(bad))

    @api.exception_handler(PageRefused)
    def forbidden(request: HttpRequest, refusal: PageRefused) -> HttpResponse:
        return problem(request, 403, "NotAllowed", refusal.sentence)

    @api.exception_handler(ValidationError)
    def misfit(request: HttpRequest, error: ValidationError) -> HttpResponse:
        found = [{"path": ".".join(str(step) for step in one["loc"]), "sentence": one["msg"]} for one in error.errors]
        return problem(request, 422, "BadRequest", "The request does not fit the schema.", problems=found)

    @api.exception_handler(AuthenticationError)
    def unknown(request: HttpRequest, error: AuthenticationError) -> HttpResponse:
        said = str(error) if str(error) not in ("", "Unauthorized") else "Send a token, or sign in."
        return problem(request, 401, "NotSignedIn", said)

    @api.exception_handler(HttpError)
    def http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
        return problem(request, error.status_code, "Refused", str(error))

    @api.exception_handler(RequestDataTooBig)
    def too_large(request: HttpRequest, error: RequestDataTooBig) -> HttpResponse:
        most = (settings.DATA_UPLOAD_MAX_MEMORY_SIZE or 0) // 1024**2
        return problem(request, 413, "TooLarge", f"The body is larger than {most} MB.")

    @api.exception_handler(Http404)
    def missing(request: HttpRequest, error: Http404) -> HttpResponse:
        return problem(request, 404, "NotFound", "There is nothing of that name.")


def _more(refusal: Refusal) -> dict[str, Any]:
    """What a program needs beside the sentence."""
    if isinstance(refusal, refusals.InvalidDocument):
        return {"problems": [problem_json(one) for one in refusal.problems]}
    if isinstance(refusal, refusals.InvalidObject):
        return {"errors": refusal.errors}
    if isinstance(refusal, refusals.Conflict):
        return {"conflicts": [conflict_json(one) for one in refusal.conflicts]}
    return {}


def problem_json(one: Any) -> dict[str, Any]:
    return {"kind": one.kind, "object_id": one.object_id, "field": one.field, "sentence": one.sentence,
            "severity": one.severity.value}  # fmt: skip


def conflict_json(one: Any) -> dict[str, Any]:
    return {"kind": one.kind, "object_id": one.object_id, "field": one.field, "base": one.base, "head": one.head,
            "draft": one.draft}  # fmt: skip
