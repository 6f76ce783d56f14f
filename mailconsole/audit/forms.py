"""What narrows the audit: words, who, what, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from mailconsole.accounts.full_names import full_names
from mailconsole.audit.models import AuditEntry
from mailconsole.audit.read import Query


class AuditFilterForm(forms.Form):
    """All optional; together they narrow."""

    q = forms.CharField(
        required=False,
        label="Words",
        widget=forms.TextInput(attrs={"placeholder": "Words, name or id"}),
        max_length=200,
    )
    actor = forms.ChoiceField(required=False, label="Who")
    kind = forms.ChoiceField(required=False, label="What")
    since = forms.DateField(required=False, label="From", widget=forms.DateInput(attrs={"type": "date"}))
    until = forms.DateField(required=False, label="To", widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._offer("actor", "Anybody", "actor_name", full_names())
        self._offer("kind", "Everything", "object_kind", {})

    def _offer(self, field: str, everything: str, column: str, words: dict[str, str]) -> None:
        known = AuditEntry.objects.order_by(column).values_list(column, flat=True).distinct()
        choice = self.fields[field]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", everything), *((value, words.get(value, value)) for value in known)]

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries that match; a filter that can't be read leaves nothing, so that no export is wider than asked."""
        if not self.is_valid():
            return AuditEntry.objects.none()
        asked = self.cleaned_data
        query = Query(asked["q"], asked["actor"], asked["kind"], since=asked["since"], until=asked["until"])
        return query.entries()
