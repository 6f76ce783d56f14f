"""What people type on the directory pages: filters, and a source with its connection."""

from __future__ import annotations

from django import forms

from directory.model import RecipientKind
from mailconsole.accounts.roles import Role
from transport.config.types import parse_size

_KINDS = [(kind.value, kind.label) for kind in RecipientKind if kind is not RecipientKind.CONFLICT]


class RecipientFilter(forms.Form):
    q = forms.CharField(
        label="Name or address",
        required=False,
        max_length=200,
        widget=forms.SearchInput(attrs={"placeholder": "Name or address", "autocomplete": "off"}),
    )
    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Every kind"), *_KINDS])


class FindForm(forms.Form):
    """What is enough to find a directory."""

    domain = forms.CharField(
        label="Domain of Active Directory",
        required=False,
        max_length=253,
        help_text="As computers of the domain call it, such as corp.example: its DNS names the controllers.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    site = forms.CharField(
        label="Site", required=False, max_length=100, help_text="Empty where there is one; its controllers go first."
    )
    server = forms.CharField(
        label="Controller",
        required=False,
        max_length=300,
        help_text="Where DNS names none, or for another LDAP directory: one that answers, such as dc1.corp.example.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().rstrip(".").lower()

    def clean(self) -> dict[str, object]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["domain"] and not cleaned["server"]:
            self.add_error("domain", "Name the domain, or a controller.")
        return cleaned


class WhoForm(forms.Form):
    """A recipient, and who writes to it: restrictions depend on that."""

    address = forms.CharField(
        label="Address", max_length=320, widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"})
    )
    sender = forms.CharField(
        label="Sent by",
        required=False,
        max_length=320,
        help_text="Empty: the null sender, which notifications have.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    size = forms.CharField(
        label="Size",
        required=False,
        max_length=20,
        help_text="Such as 30 MB: recipients and connectors have limits. Empty: a small message.",
        widget=forms.TextInput(attrs={"placeholder": "10 KB"}),
    )
    is_signed_in = forms.BooleanField(label="The sender signed in", required=False)

    def clean_size(self) -> int:
        try:
            return int(parse_size(self.cleaned_data["size"] or "0"))
        except ValueError as error:
            raise forms.ValidationError(f"{error}.") from error


class GroupRoleForm(forms.Form):
    """A group and what its members may do."""

    group = forms.CharField(
        max_length=1000,
        label="Security group",
        help_text="Its account name, such as Mail Admins. Groups within it and primary groups count.",
    )
    role = forms.ChoiceField(choices=[(one.value, f"{one.label}: {one.sentence}") for one in Role])
