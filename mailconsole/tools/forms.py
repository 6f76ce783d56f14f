"""The question of the Explain page; it stands in the address, so that it can be sent to a colleague."""

from __future__ import annotations

import json
import re
from enum import StrEnum
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.utils.functional import lazy
from django.utils.text import format_lazy
from django.utils.timezone import get_current_timezone_name

from mailconsole.changes.explain_link import RECORDED
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.services.explanation import EARLIEST, LATEST, Directory, Question
from mailconsole.changes.services.list_answers import ListSource, as_recorded, ask_nobody, ask_now
from mailconsole.changes.states import ChangeState
from transport.config import client_certificate
from transport.config.document import MailFlow
from transport.model.address import InvalidAddress, parse_mailbox
from transport.rules.finding import POSTMASTER

HEAD = ""
OLDER = 200
"""Revisions that the choice names; others are taken where an address asks for them."""
_NUMBERED = re.compile(r"r[1-9][0-9]{0,8}")
_time_zone = lazy(get_current_timezone_name, str)


class Lists(StrEnum):
    """Where the answers of block and allow lists in DNS come from."""

    NOW = ""
    NOBODY = "no"
    RECORDED = RECORDED

    @property
    def sentence(self) -> str:
        return _LISTS_SENTENCES[self]


_LISTS_SENTENCES = {
    Lists.NOW: "Ask them now",
    Lists.NOBODY: "Don't ask them",
    Lists.RECORDED: "As they answered then",
}


class ExplainForm(forms.Form):
    """Who, how, from whom, to whom, how much, under what."""

    peer = forms.GenericIPAddressField(label="Client IP", help_text="The address that connects.")
    binding = forms.ChoiceField(label="Connects to", help_text="Which of the listening addresses.")
    helo = forms.CharField(label="EHLO", required=False, max_length=255, help_text="What the client calls itself.")
    sender = forms.CharField(
        label="Sender", required=False, max_length=320, help_text="MAIL FROM; empty means the null reverse-path <>."
    )
    recipient = forms.CharField(
        label="Recipient", required=False, max_length=320, help_text="RCPT TO; empty means that none was given yet."
    )
    identity = forms.CharField(
        label="Signed in as", required=False, max_length=255, help_text="The user of AUTH; empty means nobody."
    )
    is_tls = forms.BooleanField(label="Over TLS", required=False)
    size_kb = forms.IntegerField(
        label="Size",
        required=False,
        min_value=0,
        max_value=10**18,  # RFC 1870 4: SIZE= has up to 20 digits
        help_text="Empty means next to nothing.",
        widget=forms.NumberInput(attrs={"data-unit": "KB"}),
    )
    size_bytes = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)
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
        help_text="What mail flow rules look at, for example: Subject: Your invoice; and the Received fields of relays "
        "of our own",
        widget=forms.Textarea(attrs={"rows": 3, "class": "mc-wire"}),
    )
    at = forms.DateTimeField(
        label="At",
        required=False,
        validators=[MinValueValidator(EARLIEST), MaxValueValidator(LATEST)],
        help_text=format_lazy("When it is tried; empty means now. Times are in {}.", _time_zone()),
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
    )
    directory = forms.ChoiceField(
        label="Directory",
        required=False,
        choices=[(one.value, one.sentence) for one in Directory],
        help_text="For recipients of authoritative domains.",
    )
    lists = forms.ChoiceField(
        label="DNS lists",
        required=False,
        choices=[(one.value, one.sentence) for one in Lists],
        help_text="Block and allow lists, about a client that they may know of.",
    )
    listings = forms.CharField(required=False, max_length=8000, widget=forms.HiddenInput)
    refusal = forms.IntegerField(required=False, min_value=0, max_value=2**63 - 1, widget=forms.HiddenInput)
    under = forms.ChoiceField(label="Decided under", required=False)

    def __init__(self, *args: Any, document: MailFlow, head: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        bindings = dict.fromkeys(one for connector in document.receive_connectors for one in connector.bindings)
        self.fields["binding"].choices = [(one, one) for one in sorted(bindings, key=_usual)] or [("smtp", "smtp")]  # type: ignore[attr-defined]
        asked = str(self.data.get("under", ""))
        now = asked if asked == f"r{head}" else HEAD
        known = [(now, f"Revision {head}, in effect now"), *_drafts(), *_revisions(head, asked)]
        self.fields["under"].choices = known  # type: ignore[attr-defined]
        if not self.data.get("listings"):
            self.fields["lists"].choices = self.fields["lists"].choices[:-1]  # type: ignore[attr-defined]

    def clean_sender(self) -> str:
        return self._address("sender")

    def clean_recipient(self) -> str:
        return self._address("recipient")

    def clean_certificate(self) -> str:
        text = str(self.cleaned_data["certificate"]).replace(":", "").strip().lower()
        if text and not client_certificate.is_thumbprint(text):
            raise forms.ValidationError("A SHA-256 fingerprint has 64 hexadecimal digits.")
        return text

    def clean_listings(self) -> list[list[str]]:
        text = str(self.cleaned_data["listings"])
        try:
            rows = json.loads(text) if text else []
        except (ValueError, RecursionError):
            rows = None
        if not isinstance(rows, list) or not all(isinstance(row, list) and len(row) == 5 for row in rows):
            raise forms.ValidationError("What the lists answered can't be read: open Explain from the refusal again.")
        return [[str(part) for part in row] for row in rows]

    def _address(self, name: str) -> str:
        text = str(self.cleaned_data[name]).strip().removeprefix("<").removesuffix(">")
        if text and not (name == "recipient" and text.lower() == POSTMASTER):
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
            helo=said["helo"],
            size_bytes=self._size_bytes(said["size_kb"] or 0, said["size_bytes"] or 0),
            certificate=said["certificate"],
            header=said["header"],
        )

    def _size_bytes(self, size_kb: int, size_bytes: int) -> int:
        """To the octet where the form came filled in with it, and the size was left alone."""
        return size_bytes if -(-size_bytes // 1024) == size_kb else size_kb * 1024

    @property
    def list_source(self) -> ListSource:
        chosen = Lists(self.cleaned_data["lists"])
        if chosen is Lists.RECORDED:
            return as_recorded(self.cleaned_data["listings"])
        return ask_now if chosen is Lists.NOW else ask_nobody

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


def _revisions(head: int, asked: str) -> list[tuple[str, str]]:
    """The older ones, the newest first, and the one that is asked for, however old."""
    older = Revision.objects.filter(number__lt=head).order_by("-number").values_list("number", "created_at")
    rows = list(older[:OLDER])
    if len(rows) == OLDER and _NUMBERED.fullmatch(asked):
        rows += older.filter(number=int(asked[1:]), number__lt=rows[-1][0])
    return [(f"r{number}", f"Revision {number}, of {at:%Y-%m-%d}") for number, at in rows]
