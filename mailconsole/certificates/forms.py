"""What people hand over: a certificate with its key, as files or pasted, and the names of a request."""

from __future__ import annotations

from typing import Any

from django import forms

from mailconsole.certificates.pem import MAX_CHAIN

_PASTED = {"rows": 6, "spellcheck": "false", "autocomplete": "off", "class": "mc-wire"}


def _file(label: str, accept: str, help_text: str = "") -> forms.FileField:
    widget = forms.FileInput(attrs={"accept": accept})
    return forms.FileField(required=False, label=label, widget=widget, help_text=help_text)


class _NeverShown(forms.Textarea):
    """What was typed does not come back."""

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        return super().get_context(name, None, attrs)


def _pasted(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        required=False, label=label, max_length=MAX_CHAIN, widget=forms.Textarea(attrs=_PASTED), help_text=help_text
    )


class CertificateForm(forms.Form):
    """One of: PEM pasted, PEM files, or a PKCS#12 archive. What was typed into key and password is not shown again."""

    name = forms.CharField(
        max_length=63, label="Name", help_text="What connectors call it: small letters, figures, dots and hyphens.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    file = _file(
        "File",
        ".pem,.crt,.cer,.pfx,.p12",
        "PEM: the certificate and those that signed it; or PKCS#12 (.pfx, .p12).",
    )
    key_file = _file("Key file", ".pem,.key", "Where the key is not in the file above.")
    chain = _pasted("Or paste the certificate", "PEM, in any order, with those that signed it.")
    key = forms.CharField(
        required=False, label="Or paste the key", max_length=MAX_CHAIN, widget=_NeverShown(attrs=_PASTED),
        help_text="PEM. It is kept encrypted, and never shown again.",
    )  # fmt: skip
    password = forms.CharField(
        required=False, label="Password of the file or key", strip=False, max_length=200,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )  # fmt: skip

    def __init__(self, *args: Any, is_new: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not is_new:
            del self.fields["name"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        for name in ("file", "key_file"):
            if cleaned.get(name) and cleaned[name].size > MAX_CHAIN:
                self.add_error(name, "That is longer than any certificate with its key.")
        if not self.errors and not cleaned.get("file") and not cleaned.get("chain"):
            self.add_error("file", "Choose a file, or paste the certificate.")
        return cleaned

    @property
    def given(self) -> dict[str, Any]:
        """As `read_given` takes it."""
        said = self.cleaned_data
        data = said["file"].read() if said["file"] else b""
        is_pem = b"-----BEGIN" in data or not data
        return {
            "chain": (data if is_pem else b"") or said["chain"].encode(),
            "archive": b"" if is_pem else data,
            "key": said["key_file"].read() if said["key_file"] else said["key"].encode(),
            "password": said["password"],
        }


class RequestForm(forms.Form):
    """A key of ours and the names that its certificate is to be for."""

    name = forms.CharField(
        max_length=63, label="Name", help_text="What connectors call it: small letters, figures, dots and hyphens.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    hosts = forms.CharField(
        label="Host names", help_text="One a line; the first is the common name. *.example.com stands for one label.",
        max_length=10_000, widget=forms.Textarea(attrs={"rows": 3, "spellcheck": "false", "autocomplete": "off"}),
    )  # fmt: skip
    organization = forms.CharField(required=False, label="Organisation", max_length=64)
    is_rsa = forms.BooleanField(
        required=False, label="RSA key of 3,072 bits, for peers that know no elliptic curve (P-256)"
    )
