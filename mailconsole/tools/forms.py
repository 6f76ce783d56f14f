"""The question of the Explain page; it stands in the address, so that it can be sent to a colleague."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.timezone import get_current_timezone_name

from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.explain import Directory, Question
from mailconsole.changes.states import ChangeState
from transport.config import client_certificate
from transport.config.document import MailFlow
from transport.model.address import InvalidAddress, parse_mailbox

HEAD = ""
_time_zone = lazy(get_current_timezone_name, str)


class ExplainForm(forms.Form):
    """Who, how, from whom, to whom, how much, under what."""

    peer = forms.GenericIPAddressField(label="Client IP", help_text="The address that connects.")
    binding = forms.ChoiceField(label="Connects to", help_text="Which of the listening addresses.")
    sender = forms.CharField(
        label="Sender", required=False, max_length=320, help_text="MAIL FROM; empty means the null reverse-path <>."
    )
    recipient = forms.CharField(label="Recipient", max_length=320, help_text="RCPT TO.")
    identity = forms.CharField(
        label="Signed in as", required=False, max_length=255, help_text="The user of AUTH; empty means nobody."
    )
    is_tls = forms.BooleanField(label="Over TLS", required=False)
    size_kb = forms.IntegerField(
        label="Size",
        required=False,
        min_value=0,
        max_value=10_000_000,
        help_text="Empty means next to nothing.",
        widget=forms.NumberInput(attrs={"data-unit": "KB"}),
    )
    certificate = forms.CharField(
        label="Client certificate",
        required=False,
        max_length=95,
        help_text="Its SHA-256 fingerprint, as if it had verified; empty means none.",
    )
    header = forms.CharField(
        label="Header",
        required=False,
        max_length=20_000,
        help_text="What mail flow rules look at, for example: Subject: Your invoice",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mc-wire"}),
    )
    at = forms.DateTimeField(
        label="At",
        required=False,
        help_text=format_lazy("When it is tried; empty means now. Times are in {}.", _time_zone()),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    directory = forms.ChoiceField(
        label="Directory",
        required=False,
        choices=[(one.value, one.sentence) for one in Directory],
        help_text="For recipients of authoritative domains.",
    )
    under = forms.ChoiceField(label="Decided under", required=False)

    def __init__(self, *args: Any, document: MailFlow, head: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bindings = dict.fromkeys(one for connector in document.receive_connectors for one in connector.bindings)
        self.fields["binding"].choices = [(one, one) for one in sorted(bindings, key=_usual)] or [("smtp", "smtp")]  # type: ignore[attr-defined]
        known = [(HEAD, f"Revision {head}, in effect now"), *_drafts(), *_revisions(head)]
        self.fields["under"].choices = known  # type: ignore[attr-defined]

    def clean_sender(self) -> str:
        return self._address("sender")

    def clean_recipient(self) -> str:
        return self._address("recipient")

    def clean_certificate(self) -> str:
        text = str(self.cleaned_data["certificate"]).replace(":", "").strip().lower()
        if text and not client_certificate.is_thumbprint(text):
            raise forms.ValidationError("A SHA-256 fingerprint has 64 hexadecimal digits.")
        return text

    def _address(self, name: str) -> str:
        text = str(self.cleaned_data[name]).strip().removeprefix("<").removesuffix(">")
        if text:
            try:
                parse_mailbox(text)
            except InvalidAddress as problem:
                raise forms.ValidationError(f"{text} is no mail address: {problem}.") from problem
        return text

    @property
    def question(self) -> Question:
        """Only of a valid form."""
        said = self.cleaned_data
        return Question(
            peer=said["peer"],
            binding=said["binding"],
            sender=said["sender"],
            recipient=said["recipient"],
            identity=said["identity"],
            is_tls=said["is_tls"],
            size_bytes=(said["size_kb"] or 0) * 1024,
            certificate=said["certificate"],
            header=said["header"],
        )

    @property
    def directory_answer(self) -> Directory:
        return Directory(self.cleaned_data["directory"])


def _usual(binding: str) -> bool:
    """Sorts the address of other servers and devices before all others."""
    return binding != "smtp"


def _drafts() -> list[tuple[str, str]]:
    states = [ChangeState.DRAFT, ChangeState.IN_REVIEW, ChangeState.APPROVED]
    changes = Change.objects.filter(state__in=states).order_by("-updated_at")[:50]
    return [(f"c{change.pk}", f"{change.status.label}: {change.title}") for change in changes]


def _revisions(head: int) -> list[tuple[str, str]]:
    """The older ones, the newest first."""
    rows = Revision.objects.filter(number__lt=head).order_by("-number").values_list("number", "created_at")[:200]
    return [(f"r{number}", f"Revision {number}, of {at:%Y-%m-%d}") for number, at in rows]
