"""The order of a list: by any of its columns. Numbers in texts count as numbers: 10.2.0.0 is before 10.10.0.0."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.row import Row
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
    def needs_told(self) -> bool:
        """Whether it can't be told from the objects alone."""
        return self.column in (HITS, STATE)

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

    def sorted(self, rows: Sequence[Row]) -> list[Row]:
        """By what is told of them beside."""
        by_name = sorted(rows, key=lambda row: natural(row.name))
        return sorted(by_name, key=_hits if self.column == HITS else _state, reverse=self.is_descending)


def natural(text: str) -> Natural:
    """Numbers compare as numbers, letters without regard to capitals."""
    parts = _NUMBER.split(text.casefold())
    return tuple((0, int(part), "") if part.isdecimal() else (1, 0, part) for part in parts if part)


def _by_name(pair: Pair) -> Natural:
    return natural(str(getattr(pair[1], "name", pair[0])))


def _hits(row: Row) -> tuple[int, float]:
    return (row.use.recent, row.use.last_at.timestamp()) if row.use is not None else (0, 0)


def _state(row: Row) -> tuple[str, int]:
    """Marked ones together, then those without effect, disabled and enabled ones."""
    return row.mark or "~", 0 if row.idle_because else 2 if row.is_enabled else 1
