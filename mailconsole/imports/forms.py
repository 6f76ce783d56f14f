"""The form of an import: several files at once, and whom to ask about what comes of them."""

from __future__ import annotations

from typing import Any

from django import forms

from mailconsole.imports.models import Origin


class ManyFiles(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; empty ones are refused one by one."""

    widget = ManyFiles

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        given = data if isinstance(data, list | tuple) else [data]
        return [super(FilesField, self).clean(one, initial) for one in given or [None]]


class ImportForm(forms.Form):
    origin = forms.ChoiceField(
        label="From",
        choices=[(one.value, f"{one.label}: {one.sentence}") for one in Origin],
        widget=forms.RadioSelect,
        initial=Origin.EXCHANGE.value,
    )
    files = FilesField(  # type: ignore[assignment]  # the form's own are asked before this is read
        label="Files",
        help_text="Several at once, or a zip; up to 8 MB, 24 MB unpacked. Larger ones: ./console config import.",
    )
    owner = forms.CharField(
        label="Owner", max_length=64, help_text="The person or team to ask about the relay policies that come of it."
    )
    title = forms.CharField(label="Title of the change", max_length=200, required=False)
