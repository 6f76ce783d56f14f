"""Live regions: parts of pages that are the same for everybody, as keyed pieces of HTML. Apps register theirs.

A region knows nothing of who looks at it: what a person may do is decided outside of it, on the page and in the view.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.template.loader import render_to_string

from mailconsole.nodes.snapshots import Live


@dataclass(frozen=True, slots=True)
class Piece:
    """One element of a region; its outermost tag carries `data-live-key` with the same key."""

    key: str
    html: str


@dataclass(frozen=True, slots=True)
class Region:
    """A named part of pages. `build` makes its pieces in their order; it is asked at most every `every_s` seconds."""

    name: str
    build: Callable[[Live, datetime], Sequence[Piece]]
    every_s: float = 0.5


_regions: dict[str, Region] = {}


def register(*regions: Region) -> None:
    """Add regions; called in `AppConfig.ready`."""
    for region in regions:
        _regions[region.name] = region


def region(name: str) -> Region:
    """The region of that name. Raises KeyError."""
    return _regions[name]


def all_regions() -> list[Region]:
    return list(_regions.values())


def known_names(names: Sequence[str]) -> list[str]:
    """Those of `names` that are regions, each once."""
    return [name for name in dict.fromkeys(names) if name in _regions]


def piece(key: str, template: str, **context: object) -> Piece:
    """Render one piece; the template writes `data-live-key="{{ key }}"` on its outermost tag."""
    return Piece(key, render_to_string(template, {"key": key, **context}).strip())


def to_payload(name: str, pieces: Sequence[Piece]) -> str:
    """A region as it travels through Redis."""
    return json.dumps({"region": name, "pieces": [[one.key, one.html] for one in pieces]}, separators=(",", ":"))
