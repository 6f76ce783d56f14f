"""What differs between two documents, as lines of YAML, object by object. No value of a secret is in a document."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from transport.config.diff import ObjectChange
from transport.config.text import as_yaml
from transport.config.words import KIND_LABELS

AROUND = 2
"""Lines that are told around what differs."""


@dataclass(frozen=True, slots=True)
class YamlChange:
    """One object's lines: each with its sign, ``+``, ``-`` or a blank, or a place, ``@@``."""

    title: str
    lines: tuple[str, ...]


def yaml_changes(changes: Iterable[ObjectChange]) -> Iterator[YamlChange]:
    for change in changes:
        before = _lines(change.before)
        after = _lines(change.after)
        found = [line.rstrip("\n") for line in difflib.unified_diff(before, after, n=AROUND, lineterm="")]
        name = f" {change.name}" if change.kind != "organization" else ""
        yield YamlChange(f"{KIND_LABELS[change.kind]}{name}", tuple(found[2:]))


def yaml_lines(changes: Iterable[ObjectChange]) -> Iterator[str]:
    """The same for a terminal."""
    for one in yaml_changes(changes):
        yield f"# {one.title}"
        yield from one.lines


def _lines(value: object) -> list[str]:
    return as_yaml(value).removesuffix("...\n").splitlines() if value is not None else []
