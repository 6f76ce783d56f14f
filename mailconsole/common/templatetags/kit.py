"""Tags of the page kit: icons, status words, copy buttons, sparklines, and the slots of the frame."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.template.context import Context
from django.template.loader import render_to_string
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

from mailconsole.common.slots import Slot, fill_of
from mailconsole.common.templatetags.words import wire

register = template.Library()

SPRITE = "vendor/tabler-icons-3.51.0/sprite.svg"
SPARK_WIDTH, SPARK_HEIGHT = 120, 28
TONES = frozenset({"good", "warn", "bad", "info", "idle"})


@register.simple_tag
def icon(name: str, label: str = "") -> SafeString:
    """An icon of the sprite; decoration unless it has a label."""
    spoken = format_html('role="img" aria-label="{}"', label) if label else SafeString('aria-hidden="true"')
    return format_html('<svg class="icon" {}><use href="{}#{}"></use></svg>', spoken, static(SPRITE), name)


@register.simple_tag
def status(tone: str, word: object, title: str = "") -> SafeString:
    """A status as a word with a dot; tone is good, warn, bad, info or idle."""
    if tone not in TONES:
        raise ValueError(f"{tone!r} is no tone; use one of {', '.join(sorted(TONES))}.")
    hint = format_html(' title="{}"', wire(title)) if title else ""
    return format_html('<span class="mc-status mc-{}"{}>{}</span>', tone, hint, wire(word))


@register.simple_tag
def term(value: object, label: str = "") -> SafeString:
    """A word of ours (an enum value) with its sentence on hover and for screen readers."""
    word = label or getattr(value, "label", None) or value
    return format_html('<abbr class="mc-term" title="{}">{}</abbr>', getattr(value, "sentence", ""), word)


@register.simple_tag
def copy(text: object, what: str = "") -> SafeString:
    """A button that copies an id or an address."""
    return format_html(
        '<button type="button" class="mc-copy" data-copy="{}" title="Copy" aria-label="Copy {}">{}</button>',
        text,
        what or wire(text),
        icon("copy"),
    )


@register.simple_tag
def sparkline(values: Sequence[float], tone: str = "info") -> SafeString:
    """A small line without axes, drawn on the server; decoration beside the figure that says the same."""
    if len(values) < 2:
        return SafeString("")
    low, span = min(values), (max(values) - min(values)) or 1
    step = SPARK_WIDTH / (len(values) - 1)
    room = SPARK_HEIGHT - 4
    points = " ".join(f"{i * step:.1f},{2 + room - (v - low) / span * room:.1f}" for i, v in enumerate(values))
    return format_html(
        '<svg class="mc-spark mc-{}" viewBox="0 0 {} {}" preserveAspectRatio="none" aria-hidden="true">'
        '<polyline points="{}"></polyline></svg>',
        tone,
        SPARK_WIDTH,
        SPARK_HEIGHT,
        points,
    )


@register.simple_tag(takes_context=True)
def slot(context: Context, name: str) -> str:
    """What another app puts into this place of the frame, or nothing."""
    request = context.get("request")
    filled = fill_of(Slot(name))
    if request is None or filled is None or not request.user.is_authenticated:
        return ""
    words = filled.provider(request)
    return "" if words is None else render_to_string(filled.template, dict(words), request=request)
