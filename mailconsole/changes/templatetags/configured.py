"""`{% load configured %}`: an object of the configuration by its name of today, with a link to its page."""

from __future__ import annotations

from django import template
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html

from mailconsole.changes.links import STEMS
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.services.sections import load_section
from mailconsole.common.templatetags.words import wire

register = template.Library()


@register.simple_tag
def configured(kind: str, object_id: str) -> str:
    """Its id where it is configured no longer; `none` where there is no id."""
    if not object_id:
        return "none"
    digest = head_revision().manifest.get(kind)
    objects = load_section(kind, digest) if digest else ()
    name = next((one.name for one in objects if one.id == object_id), "")
    if not name:
        return wire(object_id)
    try:
        page = reverse(f"mailflow:{STEMS[kind]}-show", args=[object_id])
    except NoReverseMatch:
        return wire(name)
    return format_html('<a href="{}">{}</a>', page, wire(name))
