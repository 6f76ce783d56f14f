"""Unix seconds as the database stores a time."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import lru_cache

from django.db import connection

from mailconsole.tracking.services.rows import Stamping


def stamp() -> Stamping:
    """What makes of unix seconds a time as Django would store it. SQLite's text is UTC without its offset."""
    return _text if connection.vendor == "sqlite" else moment


def moment(seconds: float) -> datetime:
    """As a datetime in UTC. Raises ValueError, OverflowError."""
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except OSError as error:  # what the C library makes of some numbers
        raise OverflowError(str(error)) from None


def _text(seconds: float) -> str:
    whole = int(seconds)
    micros = round((seconds - whole) * 1_000_000)
    if 0 < micros < 1_000_000:
        return f"{_second(whole)}.{micros:06d}"
    return str(moment(seconds))[:-6]


@lru_cache(maxsize=256)
def _second(whole: int) -> str:
    """Most events of a batch are of the same few seconds."""
    return str(moment(whole))[:-6]
