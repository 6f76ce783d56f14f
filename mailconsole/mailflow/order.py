"""The order of a list: by any of its columns. Numbers in texts count as numbers: 10.2.0.0 is before 10.10.0.0."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailconsole.changes.recorded import Use
from mailconsole.mailflow.kinds.kind import Kind
from transport.config.objects import ConfigModel

NAME, HITS, STATE = "name", "hits", "state"
_NUMBER = re.compile(r"(\d+)")
Pair = tuple[str, ConfigModel]
Natural = tuple[tuple[int, int, str], ...]


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of the list: ``asks`` is what its link asks for; ``direction`` is how the list is sorted by it now."""

    title: str
    asks: str
    direction: str = ""


@dataclass(frozen=True, slots=True)
class Order:
    """By the name, a column by its number, the hits or the state; the list's own order where ``column`` is empty."""

    kind: Kind
    column: str = ""
    is_descending: bool = False

    @classmethod
    def asked(cls, kind: Kind, said: str) -> Order:
        """What an address asks for: ``2``, ``-hits``; anything else is the list's own order."""
        column = said.removeprefix("-")
        known = {NAME, STATE, *map(str, range(len(kind.columns))), *((HITS,) if kind.is_counted else ())}
        return cls(kind, column, said.startswith("-")) if column in known else cls(kind)

    @property
    def said(self) -> str:
        """As an address asks for it."""
        return f"{'-' if self.is_descending else ''}{self.column}"

    @property
    def first(self) -> Heading:
        return self._heading(NAME, "Network" if self.kind.is_list else "Name")

    @property
    def columns(self) -> list[Heading]:
        return [self._heading(str(number), title) for number, (title, _) in enumerate(self.kind.columns)]

    @property
    def hits(self) -> Heading:
        return self._heading(HITS, "Hits")

    @property
    def state(self) -> Heading:
        return self._heading(STATE, "State")

    def _heading(self, column: str, title: str) -> Heading:
        is_own = not self.column and column == ("0" if self.kind.is_ordered else NAME)
        if self.column != column and not is_own:
            return Heading(title, column)
        return Heading(title, column if self.is_descending else f"-{column}",
                       "descending" if self.is_descending else "ascending")  # fmt: skip

    def sorted_objects(self, found: Sequence[Pair], shown: Callable[[Any], Any]) -> list[Pair]:
        """By what the objects themselves say; ``shown`` gives an object as its cells show it."""
        by_name = sorted(found, key=_by_name)
        if not self.column and self.kind.is_ordered:
            return sorted(by_name, key=lambda pair: getattr(pair[1], "priority", 0))
        if self.column in ("", NAME):
            return by_name[::-1] if self.is_descending else by_name
        cell = self.kind.columns[int(self.column)][1]
        return sorted(by_name, key=lambda pair: natural(cell(shown(pair[1]))), reverse=self.is_descending)

    def by_hits(self, found: Sequence[Pair], uses: Mapping[str, Use]) -> list[Pair]:
        """By how often each decided of late, then when last; what never did is not in ``uses``."""
        return self._by(found, lambda pair: _hits(uses.get(pair[0])))

    def by_state(self, found: Sequence[Pair], mark: Callable[[str], str], idle: Callable[[Any], str]) -> list[Pair]:
        """Marked ones together, then those without effect, disabled and enabled ones."""
        return self._by(found, lambda pair: (mark(pair[0]) or "~", _effect(pair[1], idle)))

    def _by(self, found: Sequence[Pair], key: Callable[[Pair], Any]) -> list[Pair]:
        return sorted(sorted(found, key=_by_name), key=key, reverse=self.is_descending)


def natural(text: str) -> Natural:
    """Numbers compare as numbers, letters without regard to capitals."""
    parts = _NUMBER.split(text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def _by_name(pair: Pair) -> Natural:
    return natural(str(getattr(pair[1], "name", pair[0])))


def _hits(use: Use | None) -> tuple[int, float]:
    return (use.recent, use.last_at.timestamp()) if use is not None else (0, 0)


def _effect(item: Any, idle: Callable[[Any], str]) -> int:
    return 0 if idle(item) else 2 if getattr(item, "is_enabled", True) else 1
