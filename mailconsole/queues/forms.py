"""The filters of the Queues page; they live in its address."""

from __future__ import annotations

from django import forms

from transport.model.snapshot import QueueStatus


class QueueFilterForm(forms.Form):
    """A filter that can't be read filters nothing."""

    state = forms.ChoiceField(
        required=False, label="State", choices=[("", "All states"), *[(one.value, one.value) for one in QueueStatus]]
    )
    text = forms.CharField(
        required=False, label="Filter next hop", widget=forms.TextInput(attrs={"placeholder": "Filter next hop"})
    )

    @property
    def wanted(self) -> dict[str, str]:
        """State and text, empty where nothing is asked."""
        if not self.is_valid():
            return {"state": "", "text": ""}
        return {"state": self.cleaned_data["state"], "text": self.cleaned_data["text"].strip()}
