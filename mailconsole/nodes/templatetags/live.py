"""`{% live_region "queues" %}`: a region's pieces as they are now; the container carries `data-live="queues"`."""

from __future__ import annotations

from django import template
from django.template.context import Context
from django.utils import timezone
from django.utils.safestring import SafeString

from mailconsole.nodes.live.regions import region
from mailconsole.nodes.snapshots import Live, read_live

register = template.Library()
_LIVE = "mailconsole_live"


def live_of(context: Context) -> Live:
    """The snapshots, read once for each request."""
    request = context.get("request")
    if request is None:
        return read_live()
    if not hasattr(request, _LIVE):
        setattr(request, _LIVE, read_live())
    found: Live = getattr(request, _LIVE)
    return found


@register.simple_tag(takes_context=True)
def live_region(context: Context, name: str) -> SafeString:
    pieces = region(name).build(live_of(context), timezone.now())
    return SafeString("".join(piece.html for piece in pieces))


@register.simple_tag(takes_context=True)
def is_live_reachable(context: Context) -> bool:
    return live_of(context).is_reachable
