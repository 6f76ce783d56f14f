"""`{% load people %}`: people by their full name, with the user name on hover; in rows that keep user names too."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.utils.html import format_html

from mailconsole.accounts.full_names import full_names
from mailconsole.accounts.models import User
from mailconsole.common.templatetags.words import wire

register = template.Library()


@register.simple_tag(takes_context=True)
def who(context: Context, person: User | str | None, nobody: str = "") -> str:
    """A person, or the user name of one; a name that is no person's (`system`) stays as it is."""
    if not person:
        return nobody
    username, name = (person.username, str(person)) if isinstance(person, User) else (person, _name_of(context, person))
    if name == username:
        return wire(name)
    return format_html('<span class="mc-who" title="{}">{}</span>', wire(username), wire(name))


def _name_of(context: Context, username: str) -> str:
    """Asked once for a page, however many rows it has."""
    request = context.get("request")
    names: dict[str, str] | None = getattr(request, "full_names", None)
    if names is None:
        names = full_names()
        if request is not None:
            request.full_names = names
    return names.get(username, username)
