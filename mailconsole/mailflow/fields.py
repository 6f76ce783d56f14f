"""A field of the configuration's models as a field of a Django form. The model checks the value; this only carries it.

`initial` is a value as the document's JSON has it, `clean` gives one back that the model reads.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, get_args

from django import forms
from django.utils import timezone
from pydantic import PlainSerializer
from pydantic.fields import FieldInfo

from mailconsole.mailflow import units
from mailconsole.mailflow.group_field import ReviewerGroupsField, ReviewersField
from mailconsole.mailflow.lines import items_of
from mailconsole.mailflow.pieces import PiecesField
from transport.config.objects import AddressSpace, HomeServer, RuleAction, RuleCondition
from transport.config.phrases import label, show
from transport.config.types import Choices, Names, NamesPerson, Sentences, format_duration, format_size

_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_WIRE = _PLAIN | {"class": "mc-wire"}


class LinesField(forms.CharField):
    """A list, one item a line, or with commas between where they are no part of an item."""

    def __init__(self, *, has_sentences: bool = False, **kwargs: Any) -> None:
        super().__init__(widget=forms.Textarea(attrs=_WIRE | {"rows": 3}), **kwargs)
        self.has_sentences = has_sentences

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(self.line(item) for item in value) if isinstance(value, list | tuple) else value

    def to_python(self, value: Any) -> Any:
        return [self.item(line) for line in items_of(str(value or ""), has_commas=self.has_sentences)]

    def line(self, item: Any) -> str:
        return str(item)

    def item(self, line: str) -> Any:
        return line


class CostsField(LinesField):
    """Address spaces or home servers, one a line, as ``domain`` or ``domain;cost`` (Exchange's way to write them);
    ``key`` is what the model calls the first."""

    def __init__(self, *, key: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.key = key

    def line(self, item: Any) -> str:
        return item if isinstance(item, str) else f"{item[self.key]};{item['cost']}"

    def item(self, line: str) -> Any:
        what, _, cost = line.partition(";")
        return {self.key: what.strip(), "cost": cost.strip()} if cost.strip() else {self.key: what.strip()}


class TextField(forms.CharField):
    """Text; empty is None where the model's field may be empty only that way."""

    def __init__(self, *, is_nullable: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.is_nullable = is_nullable

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        return None if self.is_nullable and not text else text


class MomentField(forms.DateTimeField):
    """A time in the console's time zone; the document keeps UTC."""

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S")
        super().__init__(widget=widget, input_formats=["%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"], **kwargs)

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, str) and value.endswith(("Z", "+00:00")):
            value = datetime.fromisoformat(value)
        try:
            return super().prepare_value(value)
        except OverflowError:  # the last day of the calendar, as some write for never, is beyond it elsewhere
            return value

    def clean(self, value: Any) -> Any:
        at = super().clean(value)
        return at.astimezone(UTC).isoformat() if at is not None else None


def form_field(name: str, info: FieldInfo) -> forms.Field:
    """The form's field: label, help with the default, and a widget for the type; `has_default` for the page."""
    field = _form_field(name, info)
    field.has_default = _has_default(info)  # type: ignore[attr-defined]
    return field


def _form_field(name: str, info: FieldInfo) -> forms.Field:
    leaves = list(_leaves(info.annotation, info.metadata))
    words: dict[str, Any] = {
        "label": capital(label(name)),
        "help_text": _help(name, info),
        "required": info.is_required(),
    }
    piece = next((leaf for leaf in leaves if leaf in (RuleCondition, RuleAction)), None)
    if piece is not None:
        return PiecesField(piece, **words)
    if any(isinstance(extra, Names) and extra.section == "reviewer_groups" for extra in extras(info)):
        return ReviewerGroupsField(**words)
    if any(isinstance(extra, NamesPerson) for extra in extras(info)):
        return ReviewersField(**words)
    enum = next((leaf for leaf in leaves if isinstance(leaf, type) and issubclass(leaf, StrEnum)), None)
    is_many, is_nullable = _is_many(info), type(None) in leaves
    choices = next((extra for extra in extras(info) if isinstance(extra, Choices)), None)
    if choices is not None:
        return _one_of(choices, is_many, words)
    if enum is not None:
        return _choice(enum, is_many, words)
    key = "domain" if AddressSpace in leaves else "server" if HomeServer in leaves else ""
    if key:
        words["help_text"] += " One a line, with ;cost after it where the cost is not 1."
        return CostsField(key=key, **words)
    if is_many:
        words["help_text"] += " One a line."
        return LinesField(has_sentences=any(isinstance(one, Sentences) for one in extras(info)), **words)
    if bool in leaves:
        return forms.BooleanField(**words | {"required": False})
    if datetime in leaves:
        words["help_text"] += f" Times are in {timezone.get_current_timezone_name()}."
        return MomentField(**words)
    unit = {"data-unit": said} if (said := units.written(name, leaves)) else {}
    if format_size in leaves or format_duration in leaves:
        example = {"placeholder": "36 MB" if format_size in leaves else "10m"}
        return TextField(is_nullable=is_nullable, widget=forms.TextInput(attrs=_PLAIN | example | unit), **words)
    if int in leaves:
        attrs = {"inputmode": "numeric", "autocomplete": "off"} | unit
        return TextField(is_nullable=is_nullable, widget=forms.TextInput(attrs=attrs), **words)
    return TextField(is_nullable=is_nullable, widget=forms.TextInput(attrs=_PLAIN), **words)


def _leaves(annotation: Any, metadata: Any = ()) -> Iterator[Any]:
    """The plain types of an annotation, and the functions that write its sizes and durations."""
    for extra in metadata:
        if isinstance(extra, PlainSerializer):
            yield extra.func
    arguments = [one for one in get_args(annotation) if one is not Ellipsis]
    if hasattr(annotation, "__metadata__"):
        yield from _leaves(annotation.__origin__, annotation.__metadata__)
    elif arguments:
        for argument in arguments:
            yield from _leaves(argument)
    else:
        yield datetime if getattr(annotation, "__name__", "") == "AwareDatetime" else annotation


def extras(info: FieldInfo) -> Iterator[Any]:
    """What is said beside the type, of the field or of the items of its list."""
    yield from info.metadata
    for argument in get_args(info.annotation):
        yield from getattr(argument, "__metadata__", ())


def _one_of(choices: Choices, is_many: bool, words: dict[str, Any]) -> forms.Field:
    options = [(value, capital(said)) for value, said in choices.of().items()]
    if is_many:
        widget = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=options, widget=widget, **words | {"required": False})
    return forms.ChoiceField(choices=options, **words | {"required": True})


def _is_many(info: FieldInfo) -> bool:
    return getattr(info.annotation, "__origin__", None) is tuple


def _choice(enum: type[StrEnum], is_many: bool, words: dict[str, Any]) -> forms.Field:
    choices = [(one.value, f"{one.value}: {getattr(one, 'sentence', '')}".rstrip(": ")) for one in enum]
    if is_many:
        widget = forms.CheckboxSelectMultiple
        return forms.MultipleChoiceField(choices=choices, widget=widget, **words | {"required": False})
    return forms.ChoiceField(choices=choices, widget=forms.RadioSelect, **words | {"required": True})


def _help(name: str, info: FieldInfo) -> str:
    said = info.description or ""
    if not _has_default(info):
        return said
    default = _default(name, info)
    return f"{said} Default: {default}" + ("" if default.endswith(".") else ".")


def _has_default(info: FieldInfo) -> bool:
    """Whether something stands in the field before anybody says anything."""
    return not info.is_required() and info.default not in (None, "", ())


def _default(name: str, info: FieldInfo) -> str:
    leaves = list(_leaves(info.annotation, info.metadata))
    if format_size in leaves:
        return format_size(info.default)
    if format_duration in leaves:
        return format_duration(info.default)
    return show(name, list(info.default) if isinstance(info.default, tuple) else info.default)


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]
