"""What other apps keep with a change for whoever reviews it, such as the report of an import."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from mailconsole.changes.models import Change


@dataclass(frozen=True, slots=True)
class Paper:
    """One of them: its page, and a sentence about what stands there."""

    title: str
    url: str
    sentence: str


Source = Callable[[Change], Iterable[Paper]]
_sources: list[Source] = []


def register(source: Source) -> None:
    """In `AppConfig.ready`."""
    _sources.append(source)


def papers_of(change: Change) -> list[Paper]:
    return [paper for source in _sources for paper in source(change)]
