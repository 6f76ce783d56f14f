"""The OpenAPI document is valid and true: every operation, called with anything, answers as it says."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from tests.mailconsole.api.test_api import Api
from tests.mailconsole.changes.kit import create_change, publish_policy
from tests.support.factories import create_administrator, create_viewer

pytestmark = pytest.mark.django_db
METHODS = ("get", "put", "post", "patch", "delete")
ODD: list[Any] = [None, True, 0, -1, 2**63, 10**30, 1.5, "", "a\u0000b", "\ud800", "x" * 5000, [], {}, [[]],
                  {"a": {"b": [1]}}, "2026-13-99", "9999-12-31T23:59:59Z", "10.0.0.0/8", "../etc", "%00"]  # fmt: skip
NAMES = {"pk": ["1", "999", "0"], "number": ["1", "0", "9" * 25], "object_id": ["scanners", "%00", "x" * 300],
         "kind": ["relay_policies", "organization", "nonsense"], "connector_id": ["default", "nope"]}  # fmt: skip
BODIES = [
    "",
    "a: [",
    "relay_policies: 5",
    "{}",
    "null",
    "a: &a [*a]",
    "- 1",
    "\x00",
    "organization: {name: 5}",
    "{" * 3000,
]


def document() -> dict[str, Any]:
    found: dict[str, Any] = Api(create_viewer())("GET", "/openapi.json").json()
    return found


def operations(of: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for path, found in of["paths"].items():
        yield from ((path, method, found[method]) for method in METHODS if method in found)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        value = list(value.values())
    for one in value if isinstance(value, list) else ():
        yield from references(one)


def test_document__schemas_references_and_parameters__are_sound():
    found = document()
    schemas = found["components"]["schemas"]
    for schema in schemas.values():
        Draft202012Validator.check_schema(schema)
    assert {one.rsplit("/", 1)[1] for one in references(found)} <= schemas.keys()
    ids = [operation["operationId"] for _, _, operation in operations(found)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(found):
        in_path = {one["name"] for one in operation.get("parameters", ()) if one["in"] == "path"}
        assert in_path == set(re.findall(r"{(\w+)}", path)), path
        assert operation["description"] and operation["security"], (method, path)


def test_document__every_refusal_and_every_body__is_described():
    found = document()
    for path, method, operation in operations(found):
        refusal = operation["responses"]["403"]["content"]["application/problem+json"]
        assert refusal["schema"]["$ref"].endswith("/Problem"), (method, path)
    for path in ("config/plan", "config/apply", "config/validate", "changes/{pk}/document"):
        operation = next(iter(found["paths"][f"/api/v1/{path}"].values()))
        assert "application/yaml" in operation["requestBody"]["content"], path
    assert "application/yaml" in found["paths"]["/api/v1/config/yaml"]["get"]["responses"]["200"]["content"]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("PUT", "/changes", 405), ("GET", "/nothing", 404), ("GET", "/changes/x", 404), ("GET", "/learning/%00", 404)],
)
def test_address__that_no_operation_has__is_a_problem_too(method, path, status):
    answer = Api(create_viewer())(method, path)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    assert answer.json()["status"] == status
    assert ("Allow" in answer) == (status == 405)


def test_body__larger_than_is_taken__is_a_problem_that_says_so(settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 1024**2
    api = Api(create_administrator())
    for path, body in (("/config/plan", "a" * 1024**2 + "b"), ("/changes", {"title": "x" * 1024**2})):
        answer = api("POST", path, body)
        assert (answer.status_code, answer.json()["detail"]) == (413, "The body is larger than 1 MB."), path


class Guess:
    """Values for an operation, by its schema or against it; the same for the same seed."""

    def __init__(self, schemas: dict[str, Any], seed: int) -> None:
        self._schemas, self._random = schemas, random.Random(seed)

    def good(self, schema: dict[str, Any], depth: int = 0) -> Any:
        schema = self._schemas[schema["$ref"].rsplit("/", 1)[1]] if "$ref" in schema else schema
        for name in ("anyOf", "allOf"):
            if name in schema:
                return self.good(schema[name][0], depth)
        if "const" in schema or "enum" in schema:
            return schema.get("const", self._random.choice(schema.get("enum", [None])))
        if schema.get("type") == "object" and depth < 5:
            return {name: self.good(one, depth + 1) for name, one in schema.get("properties", {}).items()}
        times = {"date": "2026-11-27", "date-time": "2026-12-01T00:00:00Z"}
        plain = {"array": [], "integer": max(1, schema.get("minimum", 1)), "number": 1.0, "boolean": True,
                 "string": times.get(schema.get("format", ""), "x")}  # fmt: skip
        return plain.get(schema.get("type", ""), {})

    def bad(self, value: Any) -> Any:
        if not isinstance(value, dict) or not value or self._random.random() < 0.1:
            return self._random.choice(ODD)
        name = self._random.choice(list(value))
        return {**value, name: self._random.choice(ODD)} if self._random.random() < 0.8 else {**value, "unknown": 1}

    def address(self, path: str, parameters: list[dict[str, Any]]) -> str:
        for one in parameters:
            if one["in"] == "path":
                name = self._random.choice(NAMES.get(one["name"], ["x", "%00", "a@contoso.com"]))
                path = path.replace(f"{{{one['name']}}}", quote(name, safe="%"))
        asked = [one for one in parameters if one["in"] == "query" and self._random.random() < 0.4]
        said = {one["name"]: str(self._random.choice([self.good(one["schema"]), *ODD])) for one in asked}
        query = urlencode({name: value.encode("utf-8", "surrogatepass") for name, value in said.items()})
        return f"{path}?{query}" if query else path

    def body(self, operation: dict[str, Any], turn: int) -> str:
        content = operation.get("requestBody", {}).get("content", {})
        if "application/yaml" in content:
            return self._random.choice(BODIES)
        if "application/json" not in content:
            return ""
        good = self.good(content["application/json"]["schema"])
        return json.dumps(good if turn == 0 else self.bad(good)) if turn < 5 else "{"


def test_operations__called_with_anything__answer_as_documented_and_never_fail():
    found, administrator = document(), create_administrator()
    publish_policy()
    create_change(author=administrator)
    api, guess = Api(administrator), Guess(found["components"]["schemas"], 5)
    wrong = []
    for path, method, operation in operations(found):
        for turn in range(6):
            to = guess.address(path.removeprefix("/api/v1"), operation.get("parameters", []))
            answer = api(method.upper(), to, guess.body(operation, turn))
            is_told = str(answer.status_code) in operation["responses"]
            if not is_told or (answer.status_code >= 400 and answer["Content-Type"] != "application/problem+json"):
                wrong.append((method, to[:120], answer.status_code, answer["Content-Type"]))
    assert not wrong
