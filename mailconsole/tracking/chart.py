"""Throughput as the chart of the page kit wants it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailconsole.tracking.services.throughput import Span, throughput

_SERIES = (
    ("accepted", "Accepted", "info"),
    ("delivered", "Delivered", "good"),
    ("deferred", "Deferred", "warn"),
    ("refused", "Refused", "bad"),
    ("failed", "Failed", "idle"),
)


def chart(span: Span, now: datetime) -> dict[str, Any]:
    """`times` in unix seconds, one series each of what is counted, per minute."""
    found = throughput(now=now, length=span.length, step=span.step)
    return {
        "times": [int(at.timestamp()) for at in found.times],
        "series": [{"label": label, "tone": tone, "values": found.values[name]} for name, label, tone in _SERIES],
        "unit": "a minute",
    }


def chart_context(asked: str, now: datetime) -> dict[str, Any]:
    """What `tracking/_throughput.html` needs; a range that is unknown becomes an hour."""
    span = Span(asked) if asked in set(Span) else Span.HOUR
    return {"span": span, "spans": list(Span), "data": chart(span, now)}
