"""The OpenAPI document beyond what operations declare: what a refusal is, and bodies that are documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

_METHODS = ("get", "put", "post", "patch", "delete")
_PROBLEM = {
    "title": "Problem",
    "description": "A refusal (RFC 9457). `type` names it, `detail` says what was in the way; some say more.",
    "type": "object",
    "required": ["type", "title", "status", "detail"],
    "properties": {
        **{name: {"type": "string"} for name in ("type", "title", "detail", "instance", "request_id")},
        "status": {"type": "integer"},
        "problems": {"type": "array", "items": {"type": "object"}, "description": "Of a document or a request."},
        "errors": {"description": "Of an object, by field."},
        "conflicts": {
            "type": "array",
            "items": {"type": "object"},
            "description": "With what was published meanwhile.",
        },
    },
}
_WHY = {
    "400": "The body is no JSON.",
    "401": "Nobody signed in, or the token is unknown, expired or revoked.",
    "403": "It is not this person's or this token's to do.",
    "404": "There is nothing of that name.",
    "409": "It is not as the caller thinks, or not any more: another state, another digest, a conflict.",
    "413": "The body is too large.",
    "422": "It does not fit the schema, or it is refused for what it says.",
    "503": "A node did not answer, or could not do it.",
}
DOCUMENT: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "The configuration document; a section that it leaves out stays as it is.",
        "content": {kind: {"schema": {"type": "string"}} for kind in ("application/yaml", "application/json")},
    }
}
"""For operations that read the body themselves."""


def answers(*kinds: str) -> dict[str, Any]:
    """For operations that answer with a file."""
    return {"responses": {200: {"content": {kind: {"schema": {"type": "string"}} for kind in kinds}}}}


class DescribedApi(NinjaAPI):
    """An API whose document tells refusals too."""

    def get_openapi_schema(self, *args: Any, **kwargs: Any) -> OpenAPISchema:
        made = super().get_openapi_schema(*args, **kwargs)
        made["components"]["schemas"]["Problem"] = _PROBLEM
        for path, operations in made["paths"].items():
            for method in operations.keys() & set(_METHODS):
                operation = operations[method]
                told = {code: _refusal(code) for code in _refusals(path, method, operation)}
                operation["responses"] = {**operation["responses"], **told}
        return made


def _refusals(path: str, method: str, operation: Mapping[str, Any]) -> Iterator[str]:
    is_act, parameters = method != "get", operation.get("parameters", ())
    yield from ("401", "403")
    if "application/json" in operation.get("requestBody", {}).get("content", {}):
        yield "400"
    if is_act or "{" in path or any(one["name"] in ("revision", "against") for one in parameters):
        yield "404"
    if is_act or path.endswith("/impact"):
        yield "409"
    if is_act:
        yield "413"
    if is_act or parameters:
        yield "422"
    if "/queues" in path or "/holds" in path:
        yield "503"


def _refusal(code: str) -> dict[str, Any]:
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": _WHY[code], "content": content}
