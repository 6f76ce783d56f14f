"""JSON of ConvertTo-Json and CSV of Export-Csv, as plain objects."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from mailconsole.common import storable

MAX_OBJECTS = 50_000
_TYPE_LINE = "#TYPE "


class BadTable(ValueError):
    """The sentence says what is wrong."""


def read_json(text: str) -> list[dict[str, Any]]:
    """One object or several. Raises BadTable."""
    try:
        data = storable.value(json.loads(text.removeprefix("\ufeff")))
    except (ValueError, RecursionError) as error:
        raise BadTable(f"it is no JSON: {error}") from None
    data = _unwrapped(data)
    items = data if isinstance(data, list) else [data]
    found = [one for one in items if isinstance(one, dict)]
    if not found or len(found) > MAX_OBJECTS:
        raise BadTable(f"it holds no objects, or more than {MAX_OBJECTS}")
    return found


def _unwrapped(data: Any) -> Any:
    """PowerShell 5.1 writes some lists as ``{"value": [...], "Count": 2}``, at the root or as a property."""
    if isinstance(data, dict) and isinstance(data.get("value"), list):
        data = data["value"]
    if isinstance(data, list):
        return [_unwrapped(one) for one in data]
    if isinstance(data, dict):
        return {name: _unwrapped(value) if isinstance(value, dict) else value for name, value in data.items()}
    return data


def read_csv(text: str) -> list[dict[str, Any]]:
    """Rows by their columns; ``""`` is the key of the type where the first line names it. Raises BadTable."""
    text = text.removeprefix("\ufeff").lstrip("\r\n")
    kind = ""
    if text.startswith(_TYPE_LINE):
        first, _, text = text.partition("\n")
        kind = first.removeprefix(_TYPE_LINE).strip()
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    rows = csv.DictReader(io.StringIO(text), delimiter=delimiter)
    found: list[dict[str, Any]] = []
    try:
        for row in rows:
            found.append(({"": kind} if kind else {}) | {key: value for key, value in row.items() if key})
            if len(found) > MAX_OBJECTS:
                raise BadTable(f"it has more than {MAX_OBJECTS} rows")
    except csv.Error as error:
        raise BadTable(f"it is no CSV: {error}") from None
    return found
