"""The filters of the queue pages, which live in their addresses, and the forms of orders and hold rules."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from pydantic import TypeAdapter, ValidationError

from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config.document import MailFlow
from transport.config.types import AddressPattern, DomainPattern, parse_duration, parse_size
from transport.model.queue_filter import BadFilter, QueueFilter
from transport.model.queue_order import Verb
from transport.model.queued import MessageStatus
from transport.model.snapshot import QueueStatus

Choices = list[tuple[str, str]]


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


def _text(label: str, placeholder: str = "") -> forms.CharField:
    widget = forms.TextInput(attrs={"placeholder": placeholder or label, "autocomplete": "off", "spellcheck": "false"})
    return forms.CharField(required=False, label=label, max_length=500, widget=widget)


class DurationField(forms.CharField):
    """`30m`, `4h`, `2d`: a number of seconds; 0 where nothing is given."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return int(parse_duration(text)) if text else 0
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None


class SizeField(forms.CharField):
    """`1 MB`: a number of octets; 0 where nothing is given."""

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        try:
            return int(parse_size(text)) if text else 0
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from None


class PatternField(forms.CharField):
    """An address, a domain or `*.domain`, as a filter takes them; `<>` where that can be."""

    def __init__(self, *, kind: Any, may_be_null: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader: TypeAdapter[str] = TypeAdapter(kind)
        self._may_be_null = may_be_null

    def to_python(self, value: Any) -> Any:
        text = super().to_python(value)
        if not text or (self._may_be_null and text == "<>"):
            return text
        try:
            return self._reader.validate_python(text)
        except ValidationError as problem:
            raise forms.ValidationError(f"{problem.errors()[0]['msg'].removeprefix('Value error, ')}.") from None


def _pattern(kind: Any, label: str, placeholder: str, *, may_be_null: bool = False) -> PatternField:
    widget = forms.TextInput(attrs={"placeholder": placeholder, "autocomplete": "off", "spellcheck": "false"})
    return PatternField(kind=kind, may_be_null=may_be_null, required=False, label=label, max_length=500, widget=widget)


def _narrow(field: type[forms.CharField], label: str, placeholder: str) -> forms.CharField:
    return field(required=False, label=label, widget=forms.TextInput(attrs={"placeholder": placeholder, "size": 9}))


class MessageFilterForm(forms.Form):
    """Which queued messages are meant; `key` is the queue's, `message` names single ones."""

    sender = _text("Sender", "Sender or domain")
    recipient = _text("Recipient", "Recipient or domain")
    reply = _text("Last reply", "In the last reply")
    state = forms.ChoiceField(
        required=False, label="State", choices=[("", "All states"), *[(one.value, one.value) for one in MessageStatus]]
    )
    older_than = _narrow(DurationField, "Older than", "Older than 2h")
    larger_than = _narrow(SizeField, "Larger than", "Larger than 1 MB")
    policy = forms.ChoiceField(required=False, label="Relay policy")
    connector = forms.ChoiceField(required=False, label="Send connector")
    domain = forms.CharField(required=False, max_length=255, widget=forms.HiddenInput)
    hold = forms.CharField(required=False, max_length=20, widget=forms.HiddenInput)
    key = forms.CharField(required=False, max_length=700, widget=forms.HiddenInput)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        document = load_document(head_revision())
        self.fields["policy"].choices = _policies(document, "All policies")  # type: ignore[attr-defined]
        self.fields["connector"].choices = _connectors(document, "All connectors")  # type: ignore[attr-defined]

    @property
    def wanted(self) -> QueueFilter:
        """What is asked. Raises BadFilter where it can't be read: an order on a misread filter would be another."""
        if not self.is_valid():
            name, errors = next(iter(self.errors.items()))
            raise BadFilter(f"{self.fields[name].label or name}: {errors[0]}")
        said = self.cleaned_data
        return QueueFilter(
            queue=said["key"],
            connector_id=said["connector"],
            policy_id=said["policy"],
            sender=said["sender"].strip(),
            recipient=said["recipient"].strip(),
            domain=said["domain"].strip(),
            reply=said["reply"].strip(),
            state=said["state"],
            hold_id=said["hold"],
            messages=tuple(one for one in self._named if one),
            older_than_s=said["older_than"] or 0,
            larger_than_bytes=said["larger_than"] or 0,
        )

    @property
    def _named(self) -> list[str]:
        getlist = getattr(self.data, "getlist", None)
        return list(getlist("message")) if getlist else []


class OrderForm(forms.Form):
    """What an order needs beside its preview."""

    reason = forms.CharField(
        required=False, max_length=500, label="Reason", help_text="Kept in the audit; the sender does not see it.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )  # fmt: skip
    with_ndr = forms.BooleanField(
        required=False, initial=True, label="Tell the senders: a non-delivery report for each message"
    )
    connector = forms.ChoiceField(required=False, label="Send connector", help_text="It delivers from now on.")
    wait = DurationField(
        required=False, label="Try them in", help_text="For example 30m or 4h; not later than a message expires.",
        widget=forms.TextInput(attrs={"size": 9}),
    )  # fmt: skip

    def __init__(self, verb: Verb, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        wanted = {Verb.REMOVE: "with_ndr", Verb.REDIRECT: "connector", Verb.SET_NEXT_ATTEMPT: "wait"}
        for name in set(wanted.values()) - {wanted.get(verb, "")}:
            del self.fields[name]
        self.fields["reason"].required = verb is Verb.REMOVE
        if verb is Verb.REDIRECT:
            choices = _connectors(load_document(head_revision()), "Choose a send connector", only_enabled=True)
            self.fields["connector"].choices = choices  # type: ignore[attr-defined]
        for name in ("connector", "wait"):
            if name in self.fields:
                self.fields[name].required = True

    @property
    def said(self) -> dict[str, Any]:
        """For `give_order`; of a valid form."""
        said = {name: value for name, value in self.cleaned_data.items() if name in ("reason", "with_ndr")}
        if "connector" in self.cleaned_data:
            said["connector_id"] = self.cleaned_data["connector"]
        if "wait" in self.cleaned_data:
            said["next_attempt_at"] = timezone.now() + timedelta(seconds=self.cleaned_data["wait"])
        return said


class HoldRuleForm(forms.Form):
    """Mail to come that is held: every criterion that is given must hold."""

    sender = _pattern(AddressPattern, "Sender", "ann@example.com, example.com or <>", may_be_null=True)
    recipient = _pattern(AddressPattern, "Recipient", "bo@example.com or example.com")
    domain = _pattern(DomainPattern, "Recipient domain", "example.com or *.example.com")
    connector = forms.ChoiceField(required=False, label="Send connector")
    policy = forms.ChoiceField(required=False, label="Relay policy that let it in")
    receive_connector = forms.ChoiceField(required=False, label="Receive connector")
    key = forms.CharField(required=False, max_length=700, label="Queue", widget=forms.TextInput(
        attrs={"placeholder": "The key of a queue", "spellcheck": "false"}))  # fmt: skip
    reason = forms.CharField(max_length=500, label="Reason", help_text="Stands with every message that it holds.")
    lasts = DurationField(
        required=False, label="Ends after", help_text="For example 4h or 2d; empty: it lasts until somebody lifts it.",
        widget=forms.TextInput(attrs={"size": 9}),
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        document = load_document(head_revision())
        self.fields["connector"].choices = _connectors(document, "Any")  # type: ignore[attr-defined]
        self.fields["policy"].choices = _policies(document, "Any")  # type: ignore[attr-defined]
        receive = sorted((one.id, one.name) for one in document.receive_connectors)
        self.fields["receive_connector"].choices = [("", "Any"), *receive]  # type: ignore[attr-defined]

    @property
    def wanted(self) -> QueueFilter:
        """Of a valid form. Raises BadFilter."""
        said = self.cleaned_data
        return replace(
            QueueFilter(),
            queue=said["key"].strip(),
            connector_id=said["connector"],
            receive_connector_id=said["receive_connector"],
            policy_id=said["policy"],
            sender=said["sender"].strip(),
            recipient=said["recipient"].strip(),
            domain=said["domain"].strip(),
        )

    def expires_at(self, now: datetime) -> datetime | None:
        """Of a valid form."""
        lasts = self.cleaned_data["lasts"]
        return now + timedelta(seconds=lasts) if lasts else None


def _connectors(document: MailFlow, none: str, *, only_enabled: bool = False) -> Choices:
    found = [one for one in document.send_connectors if one.is_enabled or not only_enabled]
    return [("", none), *sorted((one.id, one.name) for one in found)]


def _policies(document: MailFlow, none: str) -> Choices:
    return [("", none), *sorted((one.id, one.name) for one in document.relay_policies)]
