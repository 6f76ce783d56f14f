"""What narrows the audit: words, who, what, and when."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q, QuerySet

from mailconsole.audit.models import AuditEntry


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
        self._offer("actor", "Anybody", "actor_name")
        self._offer("kind", "Everything", "object_kind")

    def _offer(self, field: str, everything: str, column: str) -> None:
        known = AuditEntry.objects.order_by(column).values_list(column, flat=True).distinct()
        choice = self.fields[field]
        assert isinstance(choice, forms.ChoiceField)
        choice.choices = [("", everything), *((value, value) for value in known)]

    def entries(self) -> QuerySet[AuditEntry]:
        """The entries that match; a filter that can't be read leaves nothing, so that no export is wider than asked."""
        if not self.is_valid():
            return AuditEntry.objects.none()
        asked = self.cleaned_data
        found = AuditEntry.objects.all()
        for word in asked["q"].split():
            found = found.filter(Q(summary__icontains=word) | Q(reason__icontains=word) | Q(object_id__icontains=word))
        exact = {"actor_name": asked["actor"], "object_kind": asked["kind"]}
        dates = {"at__date__gte": asked["since"], "at__date__lte": asked["until"]}
        return found.filter(**{name: value for name, value in (exact | dates).items() if value})
