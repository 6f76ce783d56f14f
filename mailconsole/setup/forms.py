"""What the set-up asks; hosts and domains are read by the same types as the configuration document."""

from __future__ import annotations

from typing import Any

from django import forms
from pydantic import TypeAdapter, ValidationError

from mailconsole.accounts.forms import NewPersonForm
from mailconsole.accounts.roles import Role
from mailconsole.common.names import why_unresolved
from transport.config.types import Domain, SmartHost

BY_DNS, BY_SMART_HOST = "dns", "smart-host"
KEPT = "kept"
_PLAIN = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


class DocumentField(forms.CharField):
    """Text that a type of the configuration document reads; its own words are the error."""

    def __init__(self, kind: Any, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._reader: TypeAdapter[str] = TypeAdapter(kind)

    def clean(self, value: Any) -> str:
        text = super().clean(value)
        if not text:
            return ""
        try:
            return self._reader.validate_python(text)
        except ValidationError as problem:
            raise forms.ValidationError(_words(problem)) from None


class HostsForm(forms.Form):
    """Asks DNS for the host in field `host_name`; what it does not know is kept only where the person says so."""

    host_name = ""

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        host = self.wanted_host(said)
        problem = "" if not host or self.data.get(KEPT) == host else why_unresolved(_without_port(host))
        if problem:
            self.add_error(self.host_name, problem)
            self.fields[KEPT] = forms.BooleanField(
                required=False,
                label=f"Keep {host} all the same",
                help_text="Mail for it waits in its queue, and is tried again, until DNS knows it.",
                widget=forms.CheckboxInput(attrs={"value": host, "data-conditional": self.host_name}),
            )
        return said

    def wanted_host(self, said: dict[str, Any]) -> str:
        """The host that would be used, as the document keeps it."""
        return str(said.get(self.host_name) or "")


class DomainForm(HostsForm):
    """Step 1: whose mail we take, and who keeps its mailboxes."""

    accepted_domain = DocumentField(
        Domain,
        label="Accepted domain",
        max_length=60,
        help_text="A domain of yours, for example example.com. Anybody may send mail to it.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    host_name = "next_hop"
    next_hop = DocumentField(
        SmartHost,
        label="Next hop",
        help_text="The server that holds its mailboxes, as host or host:port: mail.example.com, 10.1.2.3:25.",
        widget=forms.TextInput(attrs=_PLAIN),
    )


class WayOutForm(HostsForm):
    """Step 2: where mail for the rest of the world goes."""

    route = forms.ChoiceField(
        label="Send everything else",
        choices=[(BY_DNS, "By DNS, straight to each domain's mail servers"), (BY_SMART_HOST, "Through a smart host")],
        initial=BY_DNS,
        widget=forms.RadioSelect,
    )
    host_name = "smart_host"
    smart_host = DocumentField(
        SmartHost,
        required=False,
        label="Smart host",
        help_text="Your provider's or your gateway's server, as host or host:port.",
        widget=forms.TextInput(attrs=_PLAIN | {"data-conditional": "route"}),
    )

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("route") == BY_SMART_HOST and not said.get("smart_host") and "smart_host" not in self.errors:
            self.add_error("smart_host", "Name the smart host, or choose DNS.")
        return said

    def wanted_host(self, said: dict[str, Any]) -> str:
        return super().wanted_host(said) if said.get("route") == BY_SMART_HOST else ""

    @property
    def chosen_smart_host(self) -> str | None:
        return self.cleaned_data["smart_host"] if self.cleaned_data["route"] == BY_SMART_HOST else None


class ColleagueForm(NewPersonForm):
    """Step 3: one person with one role, which the page gives."""

    def __init__(self, data: Any = None, *, role: Role) -> None:
        super().__init__(data, prefix=role.value)
        del self.fields["roles"]
        self.role = role


def _without_port(host: str) -> str:
    """Of `host`, `host:port`, `[address]` or `[address]:port`."""
    return host.partition("]")[0].lstrip("[") if host.startswith("[") else host.partition(":")[0]


def _words(problem: ValidationError) -> str:
    words = problem.errors()[0]["msg"].removeprefix("Value error, ")
    return words[:1].upper() + words[1:] + "."
