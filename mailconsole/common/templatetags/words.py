"""Filters that turn values into words: times, sizes, hostile text."""

from __future__ import annotations

import unicodedata

from django import template

register = template.Library()

_UNSEEN = {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}


@register.filter
def wire(value: object) -> str:
    """Text that came over a wire: control, bidirectional and invisible characters shown as a mark."""
    text = "" if value is None else str(value)
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(char) in _UNSEEN else char for char in text)
