"""The filters of the trace's pages; they live in the address."""

from __future__ import annotations

from datetime import datetime, timedelta

from django import forms
from django.utils import timezone

from mailconsole.tracking.services.refusals import RefusalQuery
from mailconsole.tracking.services.search import MessageQuery
from mailconsole.tracking.states import MessageStatus, Severity
from transport.model.verdict import Stage

_WITHIN = {"1h": timedelta(hours=1), "24h": timedelta(days=1), "7d": timedelta(days=7), "30d": timedelta(days=30)}
_WITHIN_CHOICES = [
    ("", "Any time"),
    ("1h", "Last hour"),
    ("24h", "Last 24 hours"),
    ("7d", "Last 7 days"),
    ("30d", "Last 30 days"),
]


def _text(label: str, placeholder: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"placeholder": placeholder or label, "spellcheck": "false", "autocomplete": "off"})
    return forms.CharField(required=False, label=label, max_length=320, widget=widget)


def _moment(label: str) -> forms.DateTimeField:
    widget = forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")
    return forms.DateTimeField(required=False, label=label, widget=widget)


class _TimeFilterForm(forms.Form):
    """Adds the time range; a field that can't be read filters nothing and says so."""

    within = forms.ChoiceField(required=False, label="Time", choices=_WITHIN_CHOICES)
    since = _moment("From")
    until = _moment("Until")

    def said(self, name: str) -> str:
        """A text as it was typed, empty where it can't be read."""
        self.is_valid()
        return str(self.cleaned_data.get(name) or "").strip()

    def moments(self) -> tuple[datetime | None, datetime | None]:
        self.is_valid()
        since, until = self.cleaned_data.get("since"), self.cleaned_data.get("until")
        within = _WITHIN.get(self.said("within"))
        return since or (timezone.now() - within if within else None), until


class MessageFilterForm(_TimeFilterForm):
    """What the Messages page can be asked."""

    field_order = ["q", "sender", "recipient", "peer", "status", "severity", "within", "since", "until"]
    q = _text("Anything", "Queue id, message-id, address, IP")
    sender = _text("Sender", "Sender or domain")
    recipient = _text("Recipient", "Recipient or domain")
    peer = _text("Client IP")
    status = forms.ChoiceField(required=False, label="Status", choices=[("", "Any status"), *MessageStatus.choices])
    severity = forms.ChoiceField(
        required=False,
        label="Audit severity",
        choices=[("", "Any severity"), *[(one.label, one.label) for one in Severity]],
    )

    @property
    def query(self) -> MessageQuery:
        since, until = self.moments()
        return MessageQuery(
            text=self.said("q"),
            sender=self.said("sender"),
            recipient=self.said("recipient"),
            peer=self.said("peer"),
            status=self.said("status"),
            severity=next((one.value for one in Severity if one.label == self.said("severity")), 0),
            since=since,
            until=until,
        )


class RefusalFilterForm(_TimeFilterForm):
    """What the Refusals page can be asked."""

    field_order = ["peer", "sender", "recipient", "stage", "reply", "within", "since", "until"]
    peer = _text("Client IP")
    sender = _text("Sender", "Sender or domain")
    recipient = _text("Recipient", "Recipient or domain")
    stage = forms.ChoiceField(
        required=False, label="Stage", choices=[("", "Any stage"), *[(one.value, one.value.upper()) for one in Stage]]
    )
    reply = _text("Reply or reason")

    @property
    def query(self) -> RefusalQuery:
        since, until = self.moments()
        return RefusalQuery(
            peer=self.said("peer"),
            sender=self.said("sender"),
            recipient=self.said("recipient"),
            stage=self.said("stage"),
            reply=self.said("reply"),
            since=since,
            until=until,
        )
