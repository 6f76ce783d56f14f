"""The configuration document: export, schema, validation."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Router

from mailconsole.api import shapes
from mailconsole.api.openapi import DOCUMENT, answers
from mailconsole.api.problems import problem_json
from mailconsole.api.schemas import ForetoldOut
from mailconsole.changes.models import Revision
from mailconsole.changes.refusals import InvalidDocument
from mailconsole.changes.services.plan import plan_items, problems_of
from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config import text
from transport.config.diff import diff

router = Router(tags=["config"])


@router.get("", response=dict[str, Any])
def export_json(request: HttpRequest, revision: int | None = None) -> Any:
    """The document of the newest revision, or of `revision`, as JSON."""
    return load_document(_revision(revision)).model_dump(mode="json")


@router.get("/yaml", openapi_extra=answers("application/yaml"))
def export_yaml(request: HttpRequest, revision: int | None = None) -> HttpResponse:
    """The same as YAML, as `config export` prints it."""
    document = load_document(_revision(revision))
    return HttpResponse(text.export(document), content_type="application/yaml; charset=utf-8")


@router.get("/schema", response=dict[str, Any])
def schema(request: HttpRequest) -> Any:
    """The document's JSON schema."""
    return text.json_schema()


@router.post("/validate", response=dict[str, Any], openapi_extra=DOCUMENT)
def check(request: HttpRequest) -> Any:
    """What validation says of a document (YAML or JSON in the body); left out sections are the newest revision's."""
    document = text.load(body_of(request), onto=load_document(head_revision()))
    return {"problems": [problem_json(one) for one in problems_of(document, now=timezone.now())]}


@router.post("/plan", response=ForetoldOut, openapi_extra=DOCUMENT)
def plan(request: HttpRequest, must_apply: bool = False) -> Any:
    """What applying the document in the body would do, in words; nothing is stored. For merge requests: with
    `must_apply` it is an error where the document could not be applied."""
    head = head_revision()
    before = load_document(head)
    items = diff(before, text.load(body_of(request), onto=before))
    planned = plan_items(items, head=head, digest="", now=timezone.now())
    if must_apply and planned.errors:
        raise InvalidDocument(planned.errors)
    return shapes.foretold_out(planned)


def body_of(request: HttpRequest) -> str:
    """The body as text. Raises BadText."""
    try:
        return request.body.decode("utf-8")
    except UnicodeDecodeError:
        raise text.BadText(text.TextProblem(0, "", "the body is not UTF-8 text")) from None


def _revision(number: int | None) -> Revision:
    return head_revision() if number is None else get_object_or_404(Revision, number=number)
