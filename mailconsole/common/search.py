"""The one search for everything: each app registers where it looks; the page shows what they found, grouped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from django.http import HttpRequest

MAX_HITS = 8


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found; `title` and `text` may be hostile and are shown through `|wire`."""

    title: str
    url: str
    text: str = ""
    icon: str = "circle"


@dataclass(frozen=True, slots=True)
class Searcher:
    """Where an app looks; `find` gets the request and the query, never empty, and answers the best hits first."""

    label: str
    order: int
    find: Callable[[HttpRequest, str], Iterable[Hit]]


_searchers: dict[str, Searcher] = {}


def register(searcher: Searcher) -> None:
    """Called in `AppConfig.ready`; the same label twice is one searcher."""
    _searchers[searcher.label] = searcher


def search_everything(request: HttpRequest, query: str) -> list[tuple[str, list[Hit]]]:
    """Groups with at least one hit, each cut at MAX_HITS."""
    found = []
    for searcher in sorted(_searchers.values(), key=lambda one: one.order):
        hits = [hit for hit, _ in zip(searcher.find(request, query), range(MAX_HITS), strict=False)]
        if hits:
            found.append((searcher.label, hits))
    return found
