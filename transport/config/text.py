"""The document as YAML that people read, keep and write; every misfit names its place and its line."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from pydantic import ValidationError

from transport.config import yaml_nodes
from transport.config.document import LIST_KINDS, OBJECT_KINDS, SCHEMA_VERSION, SECTIONS, MailFlow
from transport.config.explain import Location, explain

SCHEMA_ID = "urn:mailconsole:mail-flow:1"
MAX_OCTETS = 64 * 1024 * 1024
_HEADER = "# Mail flow of Mailconsole. A section that is left out stays as it is; a section that is here is whole.\n"


@dataclass(frozen=True, slots=True)
class TextProblem:
    """One thing wrong with a text; ``line`` counts from 1, 0 where no line can be named."""

    line: int
    path: str
    sentence: str

    def __str__(self) -> str:
        where = f"line {self.line}: " if self.line else ""
        return f"{where}{self.path}: {self.sentence}" if self.path else f"{where}{self.sentence}"


class BadText(ValueError):
    """The text is no configuration document; ``problems`` say where and why."""

    def __init__(self, *problems: TextProblem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


def export(document: MailFlow) -> str:
    """The whole document, every field of it; ``load`` gives the same document back."""
    data = document.model_dump(mode="json")
    ordered = {"schema_version": SCHEMA_VERSION} | {name: data[name] for name in SECTIONS}
    return _HEADER + as_yaml(ordered)


def as_yaml(value: Any) -> str:
    """Any JSON value as YAML, keys in their own order."""
    dumper = getattr(yaml, "CSafeDumper", yaml.SafeDumper)
    return str(yaml.dump(value, Dumper=dumper, sort_keys=False, allow_unicode=True, width=120))


def value(text: str) -> Any:
    """One value as YAML says it, plain values only. Raises BadText."""
    return _read(text)[1] if text.strip() else ""


def load(text: str, *, onto: MailFlow | None = None) -> MailFlow:
    """The document that the text says, its left out sections from ``onto`` (else empty). Raises BadText.

    An object without an ``id`` is the object of that name in ``onto``, else a new one with an id from its name.
    """
    node, data = _read(text)
    if not isinstance(data, dict):
        raise BadText(TextProblem(1, "", "the document must be a mapping of sections; see config schema"))
    named = _with_ids(data, onto)
    kept = {name: onto.section(name) for name in SECTIONS if name not in data} if onto is not None else {}
    try:
        return MailFlow.model_validate(kept | named)
    except ValidationError as error:
        raise BadText(*_problems(error, data, node)) from None


def _read(text: str) -> tuple[yaml.Node, Any]:
    if len(text) > MAX_OCTETS:
        raise BadText(TextProblem(0, "", f"the text is longer than {MAX_OCTETS // 1024 // 1024} MB"))
    try:
        node = yaml_nodes.compose(text)
        return node, yaml_nodes.value_of(node)
    except yaml_nodes.NotPlain as error:
        raise BadText(TextProblem(error.line, "", error.sentence)) from None


def _problems(error: ValidationError, data: Any, node: yaml.Node) -> list[TextProblem]:
    misfits = explain(error, data, model=MailFlow)
    return [TextProblem(_line(node, one.loc), one.path, one.sentence) for one in misfits]


def _line(node: yaml.Node, loc: Location) -> int:
    return yaml_nodes.line_at(node, loc) if loc else 0


def _with_ids(data: dict[str, Any], onto: MailFlow | None) -> dict[str, Any]:
    empty: dict[str, Any] = {"organization": {}} | {kind: [] for kind in (*OBJECT_KINDS, *LIST_KINDS)}
    result = {name: empty.get(name) if value is None else value for name, value in data.items()}
    for kind in OBJECT_KINDS:
        items = result.get(kind)
        if isinstance(items, list):
            known = {item.name: item.id for item in getattr(onto, kind)} if onto is not None else {}
            result[kind] = [_with_id(item, known) for item in items]
    return result


def _with_id(item: Any, known: Mapping[str, str]) -> Any:
    if not isinstance(item, dict) or "id" in item or not isinstance(item.get("name"), str):
        return item
    return {"id": known.get(item["name"]) or slug(item["name"])} | item


def slug(name: str) -> str:
    """An id made from a name: ``Scanners, 2nd floor`` is ``scanners-2nd-floor``."""
    ascii_name = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", ascii_name.lower()).strip("-")[:63].strip("-") or "object"


def json_schema() -> dict[str, Any]:
    """The published schema of the YAML (JSON Schema 2020-12); ids may be left out there."""
    schema = MailFlow.model_json_schema(mode="validation")
    for definition in schema.get("$defs", {}).values():
        if "id" in definition.get("required", ()):
            definition["required"] = [name for name in definition["required"] if name != "id"]
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": SCHEMA_ID} | schema
