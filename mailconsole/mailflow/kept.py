"""What is kept of a form that is not staged yet, between the page and the service: only fields that the form knows.

The page carries the object that it began from, signed, so that a form that comes back can say what changed meanwhile.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django import forms
from django.core import signing

from mailconsole.accounts.models import User
from mailconsole.changes.models import KeptForm
from mailconsole.changes.services.keep_form import kept_form
from mailconsole.mailflow.fields import capital
from mailconsole.mailflow.forms import ObjectForm
from transport.config.diff import Json
from transport.config.phrases import label

_SALT = "mailflow.kept"


@dataclass(frozen=True, slots=True)
class Keeping:
    """What the form's page says and sends of keeping. ``moved``: fields that are no longer what was begun from.

    ``is_open`` says whether the form opened with what was kept; else ``kept`` is of another beginning, and stays.
    """

    object_id: str
    basis: str
    secrets: str
    kept: KeptForm | None = None
    moved: tuple[str, ...] = ()
    is_open: bool = False

    @property
    def sent(self) -> str:
        """What goes with the fields, as JSON."""
        return json.dumps({"kept_of": self.object_id, "kept_basis": self.basis})

    @property
    def is_on(self) -> bool:
        return self.kept is None or self.is_open


def said_in(form: ObjectForm, data: Mapping[str, Any]) -> Json:
    """What stands in the form's fields, unchecked; no password."""
    return {
        name: field.widget.value_from_datadict(data, {}, name)
        for name, field in form.fields.items()
        if not isinstance(field.widget, forms.PasswordInput)
    }


def opened(
    person: User, form: ObjectForm, object_id: str, was: Json, *, is_apart: bool, now: datetime
) -> tuple[ObjectForm, Keeping]:
    """The form as the person left it, where anything is kept; ``is_apart``: its address filled it in."""
    kept = kept_form(person, form.kind.name, object_id, now=now)
    secrets = ",".join(n for n, field in form.fields.items() if isinstance(field.widget, forms.PasswordInput))
    if kept is None or is_apart:
        return form, Keeping(object_id, _signed(was), secrets, kept)
    basis = json.loads(kept.basis)
    if form.is_bound:  # the page shows what was just sent
        return form, Keeping(object_id, _signed(basis), secrets)
    said = {name: value for name, value in json.loads(kept.said).items() if name in form.fields}
    keeping = Keeping(object_id, _signed(basis), secrets, kept, moved(basis, was), is_open=True)
    return ObjectForm(form.kind, {**form.initial, **said}), keeping


def moved(basis: Json, was: Json) -> tuple[str, ...]:
    """Fields, in words, that differ between what the person began from and what there is now."""
    return tuple(capital(label(name)) for name in {**basis, **was} if basis.get(name) != was.get(name))


def read_basis(token: str) -> Json:
    """Empty where the page sent none that we signed."""
    try:
        basis: Json = signing.loads(token, salt=_SALT)
    except signing.BadSignature:
        return {}
    return basis


def _signed(value: Json) -> str:
    return signing.dumps(value, salt=_SALT, compress=True)
