"""The tick: each shared region is rendered once for all viewers, and published when it changed.

One process at a time renders (a lease in Redis); with nobody watching nothing is rendered.
"""

from __future__ import annotations

import hashlib
import time
from dataclasses import dataclass, field
from datetime import datetime

import structlog
from django.utils import timezone

from mailconsole.common.redis import REDIS_DOWN, redis_client
from mailconsole.nodes.live.rates import remember_totals
from mailconsole.nodes.live.regions import Region, all_regions, to_payload
from mailconsole.nodes.live.resources import remember_resources
from mailconsole.nodes.snapshots import Live, read_live

log = structlog.get_logger(__name__)

CHANNEL = "mailconsole:live"
TICK = '{"tick":true}'
_LEASE = "mailconsole:lease:live"
_LEASE_MS = 400
_COUNTED = "mailconsole:lease:totals"
_COUNTED_MS = 900
_STORED = "mailconsole:live:"
_STORED_FOR_S = 10


@dataclass
class _Last:
    """What this process rendered before: when, and its digest; and whether Redis was away."""

    rendered_at: dict[str, float] = field(default_factory=dict)
    digests: dict[str, bytes] = field(default_factory=dict)
    is_unreachable: bool = False


_last = _Last()


def publish_regions(now: datetime | None = None) -> int:
    """Render and publish what changed; returns how many regions were rendered. Redis away is no error here."""
    try:
        rendered = _tick(now or timezone.now())
        _last.is_unreachable = False
        return rendered
    except REDIS_DOWN as problem:
        if not _last.is_unreachable:
            log.warning("live.unreachable", problem=type(problem).__name__)
        _last.is_unreachable = True
        return 0


def _tick(now: datetime) -> int:
    if not redis_client().set(_LEASE, "1", nx=True, px=_LEASE_MS):
        return 0
    is_watched, is_to_count = _is_watched(), redis_client().set(_COUNTED, "1", nx=True, px=_COUNTED_MS)
    live = read_live() if is_watched or is_to_count else Live(True)
    if is_to_count:  # the nodes count on once a second
        remember_totals(live.snapshots)
        remember_resources(live.snapshots, now=time.time())
    return _render(live, now) if is_watched else _forget()


def stored_key(name: str) -> str:
    """Where a region's last payload lies for those who come later."""
    return _STORED + name


def _is_watched() -> bool:
    counts = dict(redis_client().pubsub_numsub(CHANNEL))
    return any(counts.values())


def _forget() -> int:
    """The next viewer gets everything anew."""
    _last.rendered_at.clear()
    _last.digests.clear()
    return 0


def _render(live: Live, now: datetime) -> int:
    clock = time.monotonic()
    due = [one for one in all_regions() if clock - _last.rendered_at.get(one.name, -1e9) >= one.every_s - 0.2]
    with redis_client().pipeline(transaction=False) as pipeline:
        for one in due:
            _last.rendered_at[one.name] = clock
            payload = _payload(one, live, now)
            if payload is None:
                continue
            pipeline.set(stored_key(one.name), payload, ex=max(_STORED_FOR_S, int(one.every_s) + 5))
            digest = hashlib.sha256(payload.encode()).digest()
            if _last.digests.get(one.name) != digest:
                _last.digests[one.name] = digest
                pipeline.publish(CHANNEL, payload)
        pipeline.publish(CHANNEL, TICK)
        pipeline.execute()
    return len(due)


def _payload(one: Region, live: Live, now: datetime) -> str | None:
    """One region that can't be built must not stop the others."""
    try:
        return to_payload(one.name, one.build(live, now))
    except Exception:
        log.exception("live.region_failed", region=one.name)
        return None
