"""What people type on the directory pages: filters, and a source with its connection."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from directory.mapping import ATTRIBUTES
from directory.model import RecipientKind
from directory.settings import Security
from mailconsole.accounts.roles import Role
from mailconsole.common.secrets import has_secret, read_secret
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.sources import settings_with

_KINDS = [(kind.value, kind.label) for kind in RecipientKind if kind is not RecipientKind.CONFLICT]
# Whoever may change where a source leads must not thereby get its stored password sent there.
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,62}")
_WHERE_IT_GOES = ("servers", "domain", "security", "is_plain_allowed", "ca_pem", "tls_name", "bind_user")


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
        max_length=253,
        help_text="As computers of the domain call it, such as corp.example.",
        widget=forms.TextInput(attrs={"spellcheck": "false", "autocapitalize": "none"}),
    )
    site = forms.CharField(
        label="Site", required=False, max_length=100, help_text="Empty where there is one; its controllers go first."
    )

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().rstrip(".").lower()


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
    is_signed_in = forms.BooleanField(label="The sender signed in", required=False)


class GroupRoleForm(forms.Form):
    """A group and what its members may do."""

    group = forms.CharField(
        max_length=1000,
        label="Security group",
        help_text="Its account name, such as Mail Admins. Groups within it and primary groups count.",
    )
    role = forms.ChoiceField(choices=[(one.value, f"{one.label}: {one.sentence}") for one in Role])


class SourceForm(forms.ModelForm):  # type: ignore[type-arg]
    """One directory. The password is written, never read back."""

    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    attribute_lines = forms.CharField(
        label="Attribute names",
        required=False,
        help_text="For a directory other than Active Directory, one a line: proxyAddresses = mailLocalAddress.",
        widget=forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
    )

    class Meta:
        model = DirectorySource
        fields = [
            "name", "domain", "site", "servers", "security", "is_plain_allowed", "ca_pem", "tls_name", "base_dn",
            "bind_user", "password", "search_filter", "page_size", "shrink_limit_percent",
            "changes_every_min", "whole_every_h", "is_enabled",
        ]  # fmt: skip
        labels = {
            "domain": "Domain",
            "site": "Site",
            "servers": "Domain controllers",
            "security": "Protection",
            "is_plain_allowed": "Allow plain LDAP: the password and every answer can be read on the way",
            "ca_pem": "CA certificate",
            "tls_name": "Name in the certificate",
            "base_dn": "Base DN",
            "bind_user": "Sign in as",
            "search_filter": "Filter",
            "page_size": "Page size",
            "shrink_limit_percent": "May vanish at once",
            "changes_every_min": "Read changes every",
            "whole_every_h": "Read everything every",
            "is_enabled": "Enabled: it is read on schedule, and nodes find its recipients",
        }
        help_texts = {
            "domain": "Its DNS names the controllers, such as corp.example; empty: only those below.",
            "site": "Controllers of this site are asked first, such as Berlin.",
            "servers": "One a line, in the order in which they are tried: dc1.corp.example or dc1.corp.example:636. "
            "They go before those that DNS names.",
            "ca_pem": "PEM of the authority that signed the controllers' certificates; empty for the system's own.",
            "tls_name": "Only where it differs from the name above, as for a controller given by its address.",
            "base_dn": "Recipients below it are read, such as DC=corp,DC=example.",
            "bind_user": "An account that may read, such as svc-mailflow@corp.example. It needs no other right.",
            "search_filter": "Which objects are read, as an LDAP filter (RFC 4515).",
            "changes_every_min": "A directory that cannot tell what changed is read whole each time.",
            "whole_every_h": "Makes up for what a reading of changes cannot see.",
            "shrink_limit_percent": "If more of the known recipients are gone, the sync stops and asks.",
        }
        widgets = {
            "servers": forms.Textarea(attrs={"rows": 2, "spellcheck": "false"}),
            "ca_pem": forms.Textarea(attrs={"rows": 4, "spellcheck": "false"}),
            "search_filter": forms.Textarea(attrs={"rows": 3, "spellcheck": "false"}),
            "page_size": forms.NumberInput(attrs={"data-unit": "entries"}),
            "changes_every_min": forms.NumberInput(attrs={"data-unit": "minutes"}),
            "whole_every_h": forms.NumberInput(attrs={"data-unit": "hours"}),
            "shrink_limit_percent": forms.NumberInput(attrs={"data-unit": "%"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["security"].choices = [(one.value, f"{one.label}: {one.sentence}") for one in Security]  # type: ignore[attr-defined]
        names = self.instance.attribute_names or {}
        self.fields["attribute_lines"].initial = "\n".join(f"{ours} = {theirs}" for ours, theirs in names.items())
        if self.has_stored_password:
            self.fields["password"].help_text = "Stored, and never shown. Leave empty to keep it."

    @property
    def has_stored_password(self) -> bool:
        return self.instance.pk is not None and has_secret(self.instance.secret_name)

    def clean_attribute_lines(self) -> str:
        """Keeps the names with the source at once, so that the test and the save both see them."""
        text = _lines(self.cleaned_data["attribute_lines"])
        self.instance.attribute_names = dict(_named(line) for line in text.splitlines() if line.strip())
        return text

    def clean_ca_pem(self) -> str:
        return _lines(self.cleaned_data["ca_pem"])

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().rstrip(".").lower()

    def clean_servers(self) -> str:
        return _lines(self.cleaned_data["servers"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["password"]:
            self._check_stored_password(cleaned)
        if not self.errors:
            self._try_settings(cleaned)
        return cleaned

    def password_to_use(self) -> str:
        """What was typed, else the stored password. Raises SecretMissing."""
        return self.cleaned_data["password"] or read_secret(self.instance.secret_name)

    def draft(self) -> DirectorySource:
        """The source as typed, not kept."""
        values = {name: self.cleaned_data[name] for name in self.Meta.fields if name != "password"}
        return DirectorySource(pk=self.instance.pk, attribute_names=self.instance.attribute_names, **values)

    def _check_stored_password(self, cleaned: dict[str, Any]) -> None:
        if not self.has_stored_password:
            self.add_error("password", "Enter the password of the account.")
        elif any(cleaned[name] != _as_typed(self.initial[name]) for name in _WHERE_IT_GOES):
            self.add_error("password", "Enter the password again: the stored one is never sent to another place.")

    def _try_settings(self, cleaned: dict[str, Any]) -> None:
        try:
            settings_with(self.draft(), cleaned["password"] or "stored")
        except SourceRefused as refusal:
            self.add_error(None, str(refusal))


def _named(line: str) -> tuple[str, str]:
    ours, _, theirs = (part.strip() for part in line.partition("="))
    known = {name.lower(): name for name in ATTRIBUTES}
    if ours.lower() not in known:
        raise forms.ValidationError(f"{ours[:60]!r} is no attribute that is read.")
    if not _ATTRIBUTE_NAME.fullmatch(theirs):  # RFC 4512 2.5: nothing else may come near a filter
        raise forms.ValidationError(f"{theirs[:60]!r} is no attribute name.")
    return known[ours.lower()], theirs


def _as_typed(value: Any) -> Any:
    return _lines(value) if isinstance(value, str) else value


def _lines(text: str) -> str:
    """Browsers send CR LF and lose the last line's end; neither is a change."""
    return "\n".join(text.split("\r\n")).strip()
