"""What people type on the pages of accounts, people and tokens."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.contrib.auth.forms import AuthenticationForm
from django.contrib.auth.validators import UnicodeUsernameValidator
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from mailconsole.accounts.roles import Role

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


def role_choices(roles: Iterable[Role]) -> list[tuple[str, str]]:
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


class TokenForm(forms.Form):
    """A token's name, what it may do, and for how long."""

    name = forms.CharField(max_length=100, help_text="Which program uses it, so that you know it later.")
    scopes = RolesField(label="May act as")
    lifetime = forms.ChoiceField(choices=list(LIFETIMES.items()), required=False, initial="90", label="Ends after")

    def __init__(self, *args: Any, held: Iterable[Role], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        scopes = self.fields["scopes"]
        assert isinstance(scopes, RolesField)
        scopes.choices = role_choices(held)

    def expires_at(self, now: datetime) -> datetime | None:
        days = self.cleaned_data["lifetime"]
        return now + timedelta(days=int(days)) if days else None
