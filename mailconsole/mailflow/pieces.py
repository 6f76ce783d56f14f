"""Conditions, exceptions and actions of a mail flow rule on a form: rows, each with what its kind takes.

Adding and taking away a row is a POST that stages nothing: with htmx only the rows are drawn anew, without it the page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from itertools import groupby
from typing import Any

from django import forms

from mailconsole.mailflow.lines import items_of
from transport.config.diff import Json
from transport.config.document import MailFlow
from transport.config.objects import RuleAction, RuleCondition
from transport.config.rule_kinds import PATTERNS, WORDS, ActionKind, ActionSpec, ConditionKind, ConditionSpec, ValueKind

MAX_ROWS = 40
_LINES = WORDS | PATTERNS | {ValueKind.GROUP_PAIR}
_CONNECTORS = (ValueKind.RECEIVE_CONNECTOR, ValueKind.SEND_CONNECTOR)
_PARTS = ("header", "status", "text", "values")  # in the order of the row
_Kinds = type[ConditionKind] | type[ActionKind]


class Focus(Enum):
    """Where the keyboard is when the rows are drawn."""

    NOWHERE = auto()
    LAST_ROW = auto()
    CHOICE = auto()


@dataclass(frozen=True, slots=True)
class PieceRow:
    """One row. ``takes``: values, header, text, status. ``choices`` are (value, label, whether it is chosen).
    ``focused``: which of those has the keyboard at once. ``is_long``: its text has lines."""

    name: str
    kind: str
    title: str
    help: str
    takes: tuple[str, ...]
    said: Json
    is_single: bool = False
    choices: list[tuple[str, str, bool]] = field(default_factory=list)
    focused: str = ""
    is_long: bool = False

    @property
    def lines(self) -> str:
        return "\n".join(self.said["values"])


class PiecesWidget(forms.Widget):
    """``connectors``: id and name by the kind of value; the page's document says which there are.

    ``focus``: where the keyboard is once a row came or went; it would be at the head of the page otherwise."""

    template_name = "mailflow/_pieces.html"

    def __init__(self, kinds: _Kinds) -> None:
        super().__init__()
        self._kinds: dict[str, ConditionKind | ActionKind] = {one.value: one for one in kinds}
        self.connectors: dict[ValueKind, list[tuple[str, str]]] = {}
        self.focus = Focus.NOWHERE

    def id_for_label(self, id_: str, index: Any = None) -> str:
        return f"{id_}-kind" if id_ else ""

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[Json]:
        """The rows as they stand on the page, with the one that is added and without the one that is taken away."""
        pattern = re.compile(rf"{re.escape(name)}-(\d{{1,4}})-kind")
        numbers = sorted(int(match[1]) for key in data if (match := pattern.fullmatch(key)))
        rows = [
            self._row_from(data, f"{name}-{number}")
            for number in numbers[:MAX_ROWS]
            if data.get("remove") != f"{name}-{number}"
        ]
        added = data.get(f"{name}-kind") if data.get("add") == name else None
        return [*rows, {"kind": str(added)}] if added else rows

    def _row_from(self, data: Any, name: str) -> Json:
        kind = str(data.get(f"{name}-kind", ""))[:64]
        given = data.getlist(f"{name}-values") if hasattr(data, "getlist") else [data.get(f"{name}-values", "")]
        is_by_line = kind in self._kinds and self._kinds[kind].spec.values in _LINES
        said: Json = {"kind": kind, "values": [one for text in given for one in items_of(text, has_commas=is_by_line)]}
        for part in ("header", "text", "status"):
            said[part] = str(data.get(f"{name}-{part}", "")).strip()
        return {part: value for part, value in said.items() if value}

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        rows = [self._row(f"{name}-{number}", dict(said)) for number, said in enumerate(value or ())]
        if self.focus is Focus.LAST_ROW and rows and rows[-1].takes:
            rows[-1] = replace(rows[-1], focused=min(rows[-1].takes, key=_PARTS.index))
        context["rows"] = rows
        context["is_choice_focused"] = self.focus is not Focus.NOWHERE and not (rows and rows[-1].focused)
        context["groups"] = list(self._groups())
        return context

    def _groups(self) -> Iterable[tuple[str, list[tuple[str, str]]]]:
        for group, kinds in groupby(self._kinds.values(), key=_group):
            yield group, [(kind.value, f"{kind.value}: {kind.sentence}") for kind in kinds]

    def _row(self, name: str, given: Json) -> PieceRow:
        said = {"values": [], "header": "", "text": "", "status": ""} | given
        kind = str(said["kind"])
        known = self._kinds.get(kind)
        if known is None:
            return PieceRow(name, kind, kind, "", (), said)
        spec = known.spec
        takes = spec.takes if isinstance(spec, ActionSpec) else _takes(spec)
        said_of_values = spec.values.sentence if "values" in takes else ""
        choices = self._choices(spec, said["values"])
        is_long = isinstance(spec, ActionSpec) and spec.is_long
        return PieceRow(
            name, kind, known.sentence, said_of_values, takes, said, spec.is_single, choices, is_long=is_long
        )

    def _choices(self, spec: ConditionSpec | ActionSpec, chosen: Iterable[str]) -> list[tuple[str, str, bool]]:
        if spec.values in _CONNECTORS:
            known = dict(self.connectors.get(spec.values, ()))
            offered = [*known.items(), *((one, f"{one} (not there)") for one in chosen if one not in known)]
        else:
            offered = [(one, one) for one in spec.choices]
        return [(value, label, value in chosen) for value, label in offered]


def _group(kind: ConditionKind | ActionKind) -> str:
    return str(getattr(kind.spec, "group", ""))


def _takes(spec: ConditionSpec) -> tuple[str, ...]:
    header = ("header",) if spec.has_header else ()
    return header if spec.values is ValueKind.NOTHING else (*header, "values")


class PiecesField(forms.Field):
    """Carries rows between page and model, which checks them."""

    widget: PiecesWidget

    def __init__(self, item: type[Any], **words: Any) -> None:
        super().__init__(widget=PiecesWidget(_KINDS[item]), **words)

    def knows(self, document: MailFlow) -> None:
        """Which connectors may be chosen."""
        self.widget.connectors = {
            ValueKind.RECEIVE_CONNECTOR: [(one.id, one.name) for one in document.receive_connectors],
            ValueKind.SEND_CONNECTOR: [(one.id, one.name) for one in document.send_connectors],
        }


_KINDS: Mapping[type[Any], _Kinds] = {RuleCondition: ConditionKind, RuleAction: ActionKind}
