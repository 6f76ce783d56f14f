"""Forms of learning: a window, and what is to become of the chosen."""

from __future__ import annotations

from datetime import timedelta

from django import forms

_BACK = [
    ("0", "From now"),
    ("1", "The last 24 hours too"),
    ("7", "The last 7 days too"),
    ("14", "The last 14 days too"),
]
_AHEAD = [("0", "not at all: only what is there"), ("1", "for 1 day"), ("7", "for 7 days"), ("14", "for 14 days")]


class WindowForm(forms.Form):
    back = forms.ChoiceField(label="Look at", choices=_BACK, initial="7")
    ahead = forms.ChoiceField(label="And go on", choices=_AHEAD, initial="7")

    @property
    def spans(self) -> tuple[timedelta, timedelta]:
        return timedelta(days=int(self.cleaned_data["back"])), timedelta(days=int(self.cleaned_data["ahead"]))


class DraftForm(forms.Form):
    owner = forms.CharField(label="Owner", max_length=64, help_text="The person or team to ask about them.")
    purpose = forms.CharField(label="Purpose", max_length=500, help_text="Why these clients relay.")
    recipients = forms.ChoiceField(
        label="May send to",
        choices=[
            ("seen", "the domains they sent to; where those are more than 20, the policy is drafted disabled"),
            ("any", "anywhere"),
        ],
        widget=forms.RadioSelect,
        initial="seen",
    )
