"""The form of one object of the configuration, made from its model; errors of the model stand at their fields."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from django import forms
from django.forms.boundfield import BoundField

from mailconsole.changes.refusals import InvalidObject, SecretNotStored
from mailconsole.mailflow.fields import form_field
from mailconsole.mailflow.group_field import ReviewerGroupsField, ReviewersField
from mailconsole.mailflow.kinds.kind import Kind
from mailconsole.mailflow.pieces import PiecesField
from transport.config.diff import Json, model_of
from transport.config.document import MailFlow
from transport.config.phrases import label

PASSWORD = "password"  # noqa: S105  # the name of a field
_WORD = re.compile(r"[A-Za-z_]+")
_QUOTED = re.compile(r"('[^']{60})[^']{10,}(?=')")
_TOLD_AT_MOST = 5
"""Lines of one field: who pastes a thousand wrong ones needs no thousand sentences."""


@dataclass(frozen=True, slots=True)
class FieldSet:
    """A group of fields on the page; one that can be folded is open where something in it is wrong."""

    title: str
    is_folded: bool
    is_open: bool
    fields: list[BoundField]


class ObjectForm(forms.Form):
    """Carries values between a page and a model; knows nothing of any one section."""

    def __init__(self, kind: Kind, value: Json | None = None, data: Mapping[str, Any] | None = None) -> None:
        self.kind = kind
        super().__init__(data, initial=value or self.defaults(kind))
        for name, info in model_of(kind.name).model_fields.items():
            if name not in kind.hidden:
                self.fields[name] = form_field(name, info)
        if "password_secret" in kind.hidden and not kind.is_password_made:
            self.fields[PASSWORD] = self._password(bool((value or {}).get("password_secret")))
        self.order_fields([name for group in kind.groups for name in group.fields])

    def knows(self, document: MailFlow) -> Self:
        """Let fields that name other objects offer those of the document."""
        for name, field in self.fields.items():
            if isinstance(field, PiecesField):
                field.knows(document)
            elif isinstance(field, ReviewerGroupsField | ReviewersField):
                field.knows(document, self.initial.get(name) or ())
        return self

    def rearranged(self, data: Mapping[str, Any]) -> ObjectForm:
        """The form as it stands on the page, not yet looked at, after rows were added or taken away."""
        said = {name: field.widget.value_from_datadict(data, {}, name) for name, field in self.fields.items()}
        return ObjectForm(self.kind, said)

    @staticmethod
    def defaults(kind: Kind) -> Json:
        """What a new object has before anybody says anything, as JSON."""
        model = model_of(kind.name)
        given = {name: info.default for name, info in model.model_fields.items() if not info.is_required()}
        return model.model_construct(**given).model_dump(mode="json", include=set(given), warnings=False)

    @staticmethod
    def _password(is_stored: bool) -> forms.Field:
        said = (
            "One is stored; leave this empty to keep it." if is_stored else "Stored encrypted; it is never shown again."
        )
        widget = forms.PasswordInput(attrs={"autocomplete": "new-password"})
        return forms.CharField(label="Password", required=False, help_text=said, widget=widget)

    @property
    def fieldsets(self) -> list[FieldSet]:
        """The groups of the kind, then everything else, folded. What is folded opens where something in it is wrong."""
        grouped = {name for group in self.kind.groups for name in group.fields}
        sets = [self._fieldset(group.title, group.fields, is_folded=not group.is_open) for group in self.kind.groups]
        rest = [name for name in self.fields if name not in grouped]
        if rest:
            sets.append(self._fieldset("More settings", rest, is_folded=True))
        return sets

    def _fieldset(self, title: str, names: Iterable[str], *, is_folded: bool) -> FieldSet:
        fields = [self[name] for name in names]
        return FieldSet(title, is_folded, any(field.errors for field in fields), fields)

    @property
    def said(self) -> Json:
        """What the person said, for the model: an empty text where the model has a default means the default."""
        return {
            name: value for name, value in self.cleaned_data.items() if name != PASSWORD and not self._is_unsaid(name)
        }

    def _is_unsaid(self, name: str) -> bool:
        info = model_of(self.kind.name).model_fields[name]
        return self.cleaned_data[name] == "" and info.default not in (None, "")

    def tell(self, refusal: InvalidObject) -> None:
        """Put the model's errors where the fields are; what is wrong with several, at the first that it names."""
        for field, sentences in refusal.errors.items():
            for sentence in sentences[:_TOLD_AT_MOST]:
                where = PASSWORD if field == "password_secret" else field or self._named_in(sentence)
                ending = "" if sentence.endswith((".", "?")) else "."
                self.add_error(where if where in self.fields else None, f"{self._as_labelled(sentence)}{ending}")
            more = len(sentences) - _TOLD_AT_MOST
            if more > 0:
                self.add_error(field if field in self.fields else None, f"And {more:,} more like these.")

    def tell_of_secret(self, refusal: SecretNotStored) -> None:
        """A name that the store does not have stands at its field."""
        self.tell(InvalidObject({"": [str(refusal)]}))

    def _named_in(self, sentence: str) -> str:
        """The first field of the form that a sentence about the whole object names; empty where it names none."""
        words = (word.lower() for word in _WORD.findall(sentence))
        return next((word for word in words if word in self.fields), "")

    def _as_labelled(self, sentence: str) -> str:
        """With fields called as they are on the page."""
        said = _QUOTED.sub(r"\1…", _WORD.sub(lambda word: self._spelt(word[0]), sentence))
        return said[:1].upper() + said[1:]

    def _spelt(self, word: str) -> str:
        return label(word.lower()) if "_" in word and word.lower() in self.fields else word
