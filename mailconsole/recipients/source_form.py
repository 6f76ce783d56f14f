"""The form of a source: its connection, what is read, and the names of attributes."""

from __future__ import annotations

from typing import Any

from django import forms

from directory import kerberos
from directory.settings import BindMethod, Security
from mailconsole.common.secrets import has_secret
from mailconsole.recipients.models import DirectorySource
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.attribute_names import parse_attribute_names
from mailconsole.recipients.services.sources import settings_with, stored_password

# Whoever may change where a source leads must not thereby get its stored password sent there.
_WHERE_IT_GOES = ("servers", "domain", "security", "is_plain_allowed", "ca_pem", "tls_name", "bind_user", "bind_method")


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
            "bind_user", "bind_method", "password", "keytab", "credential_cache", "search_filter", "page_size",
            "shrink_limit_percent", "changes_every_min", "whole_every_h", "is_enabled",
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
            "bind_method": "Sign in by",
            "keytab": "Keytab",
            "credential_cache": "Credential cache",
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
            "bind_user": "An account that may read, such as svc-mailflow@corp.example; for Kerberos with the realm "
            "in capitals. It needs no other right.",
            "keytab": "For Kerberos: a file on this machine with the account's key. Tickets are then asked for "
            "and renewed by themselves.",
            "credential_cache": "For Kerberos without a keytab, such as FILE:/run/mailconsole/tickets, which something "
            "else keeps fresh. Empty: where this machine's environment says (KRB5CCNAME).",
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
        methods = [(one.value, f"{one.label}: {one.sentence}") for one in BindMethod]
        self.fields["bind_method"].choices = methods  # type: ignore[attr-defined]
        if not kerberos.is_available():
            missing = "Kerberos is not possible on this machine yet: the Python package gssapi is missing."
            self.fields["bind_method"].help_text = missing
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
        try:
            names = parse_attribute_names(text.splitlines())
        except SourceRefused as refusal:
            raise forms.ValidationError(str(refusal)) from refusal
        if not all(names.values()):
            raise forms.ValidationError("An empty name is no attribute name: leave the line out.")
        self.instance.attribute_names = names
        return text

    def clean_bind_method(self) -> str:
        method = str(self.cleaned_data["bind_method"])
        if method == BindMethod.KERBEROS and not kerberos.is_available():
            raise forms.ValidationError(kerberos.NOT_INSTALLED)
        return method

    def clean_ca_pem(self) -> str:
        return _lines(self.cleaned_data["ca_pem"])

    def clean_domain(self) -> str:
        return str(self.cleaned_data["domain"]).strip().rstrip(".").lower()

    def clean_servers(self) -> str:
        return _lines(self.cleaned_data["servers"])

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not self.errors and not cleaned["password"] and cleaned["bind_method"] == BindMethod.PASSWORD:
            self._check_stored_password(cleaned)
        if not self.errors:
            self._try_settings(cleaned)
        return cleaned

    def password_to_use(self) -> str:
        """What was typed, else the stored password. Raises SecretMissing."""
        return self.cleaned_data["password"] or stored_password(self.instance)

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
            self.add_error(refusal.field if refusal.field in self.fields else None, str(refusal))


def _as_typed(value: Any) -> Any:
    return _lines(value) if isinstance(value, str) else value


def _lines(text: str) -> str:
    """Browsers send CR LF and lose the last line's end; neither is a change."""
    return "\n".join(text.split("\r\n")).strip()
