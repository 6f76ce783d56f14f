"""What a figure of the configuration is counted in, beside its field and where it is read."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from transport.config.types import format_duration, format_size

_BY_ENDING = {
    "_per_min": "a minute",
    "_per_minute": "a minute",
    "_per_hour": "an hour",
    "_per_day": "a day",
    "_rate": "a second",
}
_PERCENT = ("_percentage_", "_disk_used_", "_memory_used_")


def of(name: str) -> str:
    """The unit of a field's bare figure: empty where it counts things, or where its value says its own."""
    if any(part in f"_{name}_" for part in _PERCENT):
        return "%"
    return next((said for ending, said in _BY_ENDING.items() if name.endswith(ending)), "")


def written(name: str, leaves: Collection[Any]) -> str:
    """Beside the field: which units may be written into it, or what its figure counts."""
    if format_size in leaves:
        return f"B, KB, MB or GB {of(name)}".rstrip()
    if format_duration in leaves:
        return "s, m, h or d"
    return of(name)
