"""What became of each object and parameter of an import: mapped, approximated or left out, with the reason."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

VALUE_LENGTH = 300
LINES_AT_MOST = 20_000


class Fate(StrEnum):
    """What an import did with something."""

    MAPPED = "mapped"
    APPROXIMATED = "approximated"
    LEFT_OUT = "left out"

    @property
    def sentence(self) -> str:
        return {
            Fate.MAPPED: "It means the same here.",
            Fate.APPROXIMATED: "It comes near; the note says where it differs.",
            Fate.LEFT_OUT: "Nothing here stands for it; the note says why.",
        }[self]

    @property
    def tone(self) -> str:
        return {Fate.MAPPED: "good", Fate.APPROXIMATED: "warn", Fate.LEFT_OUT: "bad"}[self]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing of the source: ``parameter`` is empty where it is about the whole object."""

    source: str
    name: str
    parameter: str
    value: str
    fate: Fate
    note: str = ""
    kind: str = ""
    object_id: str = ""


@dataclass(slots=True)
class Report:
    """Collects lines while an import goes on."""

    lines: list[Line] = field(default_factory=list)
    _loose: dict[tuple[str, str], list[int]] = field(default_factory=dict)
    """By source and name: the places of lines that lead to no object yet."""

    def add(self, line: Line) -> None:
        self._loose.setdefault((line.source, line.name), []).append(len(self.lines))
        self.lines.append(line)

    def became(self, source: str, name: str, kind: str, object_id: str) -> None:
        for at in self._loose.pop((source, name), ()):
            self.lines[at] = replace(self.lines[at], kind=kind, object_id=object_id)

    def about(self, source: str, name: str) -> Subject:
        """Where the lines about one object of the source go."""
        return Subject(self, source, name)

    def count(self, fate: Fate) -> int:
        return sum(line.fate is fate for line in self.lines)

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(line) for line in self.lines[:LINES_AT_MOST]]


@dataclass(slots=True)
class Subject:
    """One object of the source; ``kind`` and ``object_id`` are what it became."""

    report: Report
    source: str
    name: str

    def mapped(self, parameter: str, value: object, note: str = "") -> None:
        self._add(parameter, value, Fate.MAPPED, note)

    def approximated(self, parameter: str, value: object, note: str) -> None:
        self._add(parameter, value, Fate.APPROXIMATED, note)

    def left_out(self, parameter: str, value: object, note: str) -> None:
        self._add(parameter, value, Fate.LEFT_OUT, note)

    def became(self, kind: str, object_id: str) -> None:
        """All lines about it so far lead to the object that it became."""
        self.report.became(self.source, self.name[:200], kind, object_id)

    def _add(self, parameter: str, value: object, fate: Fate, note: str) -> None:
        self.report.add(Line(self.source, self.name[:200], parameter, shown(value), fate, note))


def shown(value: object) -> str:
    """A value as one line of the report."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ", ".join(str(one) for one in value)[:VALUE_LENGTH]
    return str(value)[:VALUE_LENGTH]


def lines_of(data: list[dict[str, Any]]) -> list[Line]:
    """The lines of a stored report."""
    return [Line(**{**one, "fate": Fate(one["fate"])}) for one in data]
