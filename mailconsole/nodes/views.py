"""The live stream, and its fallback by polling: the same regions, the same pieces."""

from __future__ import annotations

import json

from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse, StreamingHttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from mailconsole.common.redis import REDIS_DOWN, redis_client
from mailconsole.nodes.live.hub import hub
from mailconsole.nodes.live.publish import stored_key
from mailconsole.nodes.live.regions import known_names, region, to_payload
from mailconsole.nodes.snapshots import Live, read_live

STREAM_LIFETIME_S = 600.0
"""Then the browser comes again, and whoever was signed out in the meantime stays out."""
_POLLED_FOR_S = 2


@require_safe
async def stream(request: HttpRequest) -> HttpResponseBase:
    """Server-sent events: `region` with pieces that changed, `state` when ticks stop or come back."""
    names, person = _asked(request), (await request.auser()).pk
    if not hub().has_room_for(person):
        return HttpResponse("Too many open pages: this one asks now and then.\n", status=429, content_type="text/plain")
    response = StreamingHttpResponse(
        hub().stream(names, lifetime_s=STREAM_LIFETIME_S, person=person),
        content_type="text/event-stream; charset=utf-8",
    )
    response.headers["X-Accel-Buffering"] = "no"
    return response


@require_safe
def poll(request: HttpRequest) -> HttpResponseBase:
    """Every piece of the regions asked for; built here only where no tick did so within seconds."""
    live = read_live()
    return JsonResponse({"is_live": live.is_reachable, "regions": [_polled(name, live) for name in _asked(request)]})


def _asked(request: HttpRequest) -> list[str]:
    return known_names(request.GET.get("regions", "").split(","))


def _polled(name: str, live: Live) -> dict[str, object]:
    payload = _stored(name)
    if payload is None:
        payload = to_payload(name, region(name).build(live, timezone.now()))
        _store(name, payload)
    pieces = json.loads(payload)["pieces"]
    return {"region": name, "order": [key for key, _ in pieces], "pieces": dict(pieces)}


def _stored(name: str) -> str | bytes | None:
    try:
        return redis_client().get(f"{stored_key(name)}:poll")
    except REDIS_DOWN:
        return None


def _store(name: str, payload: str) -> None:
    """A hundred browsers that poll cost one rendering."""
    try:
        redis_client().set(f"{stored_key(name)}:poll", payload, ex=_POLLED_FOR_S)
    except REDIS_DOWN:
        return
