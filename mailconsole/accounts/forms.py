"""What people type on the pages of accounts, people and tokens."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from mailconsole.accounts.limits import Limit
from mailconsole.accounts.places import places
from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Grant, grant_of
from transport.config.words import KIND_PLURALS

LIFETIMES = {"30": "30 days", "90": "90 days", "365": "1 year", "": "No end"}


class SignInForm(AuthenticationForm):
    error_messages = {
        "invalid_login": "User name and password don't match. Both are case-sensitive.",
        "inactive": "This account is switched off. Ask an administrator.",
    }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["username"].label = "User name"

    def get_invalid_login_error(self) -> ValidationError:
        """A directory that did not answer is another thing than a wrong password."""
        said = getattr(self.request, "sign_in_problem", "")
        return ValidationError(said, code="invalid_login") if said else super().get_invalid_login_error()


def role_choices(roles: Iterable[Grant]) -> list[tuple[str, str]]:
    line = '<span><span>{}</span> <span class="mc-sentence">{}</span></span>'
    return [(role.value, format_html(line, role.label, role.sentence)) for role in roles]


class RolesField(forms.TypedMultipleChoiceField):
    """Roles as boxes, each with its sentence; cleans to a list of Role."""

    widget = forms.CheckboxSelectMultiple

    def __init__(self, roles: Iterable[Role] = Role, **kwargs: Any) -> None:
        super().__init__(choices=role_choices(roles), coerce=Role, **kwargs)


class PersonForm(forms.Form):
    """Name, address and roles of a person."""

    full_name = forms.CharField(max_length=200)
    email = forms.EmailField(required=False, label="E-mail", help_text="Where notifications go.")
    roles = RolesField(required=False)


class NewPersonForm(PersonForm):
    """The user name is set once: the audit names people by it."""

    username = forms.CharField(
        max_length=150,
        label="User name",
        validators=[UnicodeUsernameValidator(message="A user name is of letters, digits and @ . + - _ only.")],
        help_text="What the person types to sign in. It can't be changed later.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}),
    )
    field_order = ["username", "full_name", "email", "roles"]


class LinesField(forms.CharField):
    """One value a line; cleans to a tuple, each once and in lower case."""

    widget = forms.Textarea(attrs={"rows": 3, "class": "mc-wire"})

    def __init__(self, *, pattern: str, wrong: str, **kwargs: Any) -> None:
        super().__init__(required=False, max_length=5000, **kwargs)
        self._pattern, self._wrong = re.compile(pattern), wrong

    def clean(self, value: Any) -> tuple[str, ...]:
        lines = [line.strip().lower() for line in str(super().clean(value)).splitlines() if line.strip()]
        for line in lines:
            if self._pattern.fullmatch(line) is None:
                raise ValidationError(f"{line[:100]} {self._wrong}")
        return tuple(dict.fromkeys(lines))


class LimitForm(forms.Form):
    """What a role reaches. All empty: everything. ``kept`` is what it reaches now: of that anything may stay, also what
    is not there any more."""

    kinds = forms.MultipleChoiceField(
        choices=list(KIND_PLURALS.items()),
        required=False,
        label="Kinds",
        help_text="None chosen: every kind.",
        widget=forms.CheckboxSelectMultiple,
    )
    connectors = LinesField(
        label="Connectors",
        pattern=r"(receive|send)/[a-z0-9][a-z0-9-]{0,62}",
        wrong="is no connector; write receive/default or send/internet.",
        help_text="One a line, as receive/default or send/internet, with the id from its page's address: they, and "
        "mail flow rules that are about them alone.",
    )
    domains = LinesField(
        label="Domains",
        pattern=r"(\*\.)?[a-z0-9]([a-z0-9.-]{0,250}[a-z0-9])?",
        wrong="is no domain; write contoso.com, or *.contoso.com with its subdomains.",
        help_text="One a line: what is about these alone, as recipients there and relay policies of senders there.",
    )

    def __init__(self, *args: Any, kept: Limit, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._kept = kept

    def clean_connectors(self) -> tuple[str, ...]:
        known = places().connectors | set(self._kept.connectors)
        return _all_there(
            self.cleaned_data["connectors"], lambda one: one in known, "is no connector of the configuration."
        )

    def clean_domains(self) -> tuple[str, ...]:
        known, kept = places(), self._kept.domains
        why = "is a domain that nothing of the configuration is about."
        return _all_there(self.cleaned_data["domains"], lambda one: one in kept or known.has_domain(one), why)

    @property
    def limit(self) -> Limit:
        """Only of a valid form."""
        said = self.cleaned_data
        return Limit(tuple(said["kinds"]), said["connectors"], said["domains"])


def _all_there(values: tuple[str, ...], is_there: Callable[[str], bool], why_not: str) -> tuple[str, ...]:
    """A limit to what is not there would look like one and let nobody do anything."""
    missing = [one for one in values if not is_there(one)]
    if missing:
        raise ValidationError([f"{one} {why_not}" for one in missing])
    return values


class TokenForm(forms.Form):
    """A token's name, what it may do, and for how long."""

    name = forms.CharField(max_length=100, help_text="Which program uses it, so that you know it later.")
    scopes = forms.TypedMultipleChoiceField(label="May act as", coerce=grant_of, widget=forms.CheckboxSelectMultiple)
    lifetime = forms.ChoiceField(choices=list(LIFETIMES.items()), required=False, initial="90", label="Ends after")

    def __init__(self, *args: Any, held: Iterable[Grant], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, forms.TypedMultipleChoiceField)
        scopes.choices = role_choices(held)

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None
