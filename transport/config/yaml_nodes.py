"""YAML as far as configuration needs it: mappings, lists and the scalars of JSON (YAML 1.2 core), with line numbers.

Anchors, aliases, tags, repeated keys and deep nesting are refused: they are how a small text becomes a large surprise.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

MAX_DEPTH = 12
_INT = re.compile(r"[-+]?\d{1,18}")
_FLOAT = re.compile(r"[-+]?(\d+\.\d*|\.\d+)([eE][-+]?\d+)?")
_NULLS = {"", "~", "null", "Null", "NULL"}
_BOOLS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_BASE: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)


class NotPlain(ValueError):
    """The text is no YAML, or more of YAML than is taken here."""

    def __init__(self, line: int, sentence: str) -> None:
        super().__init__(sentence)
        self.line = line
        self.sentence = sentence


def compose(text: str) -> yaml.Node:
    """The tree of the one document in the text. Raises NotPlain."""
    try:
        _refuse_aliases(text)
        node = yaml.compose(text, Loader=_BASE)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise NotPlain(mark.line + 1 if mark else 0, f"not YAML: {error.problem or error.context}") from None
    except yaml.reader.ReaderError as error:
        raise NotPlain(0, f"not YAML: {error.reason}") from None
    except RecursionError:
        raise NotPlain(0, f"nested deeper than {MAX_DEPTH}") from None
    if node is None:
        raise NotPlain(0, "the text is empty")
    return node


def _refuse_aliases(text: str) -> None:
    depth = 0
    for event in yaml.parse(text, Loader=_BASE):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise NotPlain(_line(event), "anchors and aliases are not taken; write the value out")
        if getattr(event, "tag", None):
            raise NotPlain(_line(event), "tags are not taken; write a plain value")
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            raise NotPlain(_line(event), f"nested deeper than {MAX_DEPTH}")


def _line(event: yaml.Event) -> int:
    return event.start_mark.line + 1 if event.start_mark else 0


def value_of(node: yaml.Node) -> Any:
    """The JSON value of a tree. Raises NotPlain for a repeated key."""
    if isinstance(node, yaml.MappingNode):
        return _mapping(node)
    if isinstance(node, yaml.SequenceNode):
        return [value_of(item) for item in node.value]
    return _scalar(node)


def _mapping(node: yaml.MappingNode) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            raise NotPlain(key.start_mark.line + 1, "a key must be a word")
        if key.value in result:
            raise NotPlain(key.start_mark.line + 1, f"the key '{key.value[:64]}' is there twice")
        result[key.value] = value_of(value)
    return result


def _scalar(node: yaml.Node) -> Any:
    text = node.value
    if getattr(node, "style", None):  # quoted, or a block: text whatever it looks like
        return str(text)
    if text in _NULLS:
        return None
    if text in _BOOLS:
        return _BOOLS[text]
    if _INT.fullmatch(text):
        return int(text)
    return float(text) if _FLOAT.fullmatch(text) else text


def line_at(node: yaml.Node, loc: tuple[str | int, ...]) -> int:
    """The line (from 1) of the deepest part of ``loc`` that is in the tree."""
    line: int = node.start_mark.line + 1
    for step in loc:
        found = _child(node, step)
        if found is None:
            return line
        line, node = found
    return line


def _child(node: yaml.Node, step: str | int) -> tuple[int, yaml.Node] | None:
    if isinstance(node, yaml.MappingNode):
        return next(((key.start_mark.line + 1, value) for key, value in node.value if key.value == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        return node.value[step].start_mark.line + 1, node.value[step]
    return None
