"""What a part that ended said last: our own reason where there is one, never a traceback. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

LOOKED_AT = 40
MAX_LENGTH = 300


def last_words(lines: Sequence[str]) -> str:
    """One line from the end of a log, whose lines may be events in JSON; empty where nothing is said."""
    events = [_event(line) for line in lines[-LOOKED_AT:] if line.strip()]
    reasons = [event["reason"] for event in events if event.get("reason")]
    said = reasons or [event["event"] for event in events if event.get("event")]
    return str(said[-1]).strip()[:MAX_LENGTH] if said else ""


def _event(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        found = None
    return found if isinstance(found, dict) else {"event": line}
