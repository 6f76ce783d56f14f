"""What differs between two documents, as lines of YAML, object by object. No value of a secret is in a document."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from transport.config.diff import ObjectChange
from transport.config.text import as_yaml
from transport.config.words import KIND_LABELS

AROUND = 2
"""Lines that are told around what differs."""
OBJECTS_AT_MOST = 200
LINES_AT_MOST = 10_000
"""What pages and the API tell at once; a terminal gets all."""


@dataclass(frozen=True, slots=True)
class YamlChange:
    """One object's lines, as `yaml_diff` has them. Two objects may have one title, never one kind and id."""

    kind: str
    object_id: str
    title: str
    lines: tuple[str, ...]


def yaml_diff(change: ObjectChange) -> tuple[str, ...]:
    """What differs in one object: each line with its sign, ``+``, ``-`` or a blank, or a place, ``@@``."""
    before, after = _lines(change.before), _lines(change.after)
    return tuple(difflib.unified_diff(before, after, n=AROUND, lineterm=""))[2:]


def yaml_changes(changes: Iterable[ObjectChange]) -> Iterator[YamlChange]:
    for change in changes:
        name = f" {change.name}" if change.kind != "organization" else ""
        yield YamlChange(change.kind, change.object_id, f"{KIND_LABELS[change.kind]}{name}", yaml_diff(change))


def first_yaml_changes(changes: Sequence[ObjectChange]) -> tuple[list[YamlChange], int]:
    """As many as are told at once, whole; and how many are left out."""
    told: list[YamlChange] = []
    lines = 0
    for one in yaml_changes(changes[:OBJECTS_AT_MOST]):
        lines += len(one.lines)
        if told and lines > LINES_AT_MOST:
            break
        told.append(one)
    return told, len(changes) - len(told)


def yaml_lines(changes: Iterable[ObjectChange]) -> Iterator[str]:
    """The same for a terminal."""
    for one in yaml_changes(changes):
        yield f"# {one.title}"
        yield from one.lines


def _lines(value: object) -> list[str]:
    return as_yaml(value).removesuffix("...\n").splitlines() if value is not None else []
