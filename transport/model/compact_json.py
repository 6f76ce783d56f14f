"""Compact JSON in UTF-8 for spool and outbox: written several times for each message, so by pydantic's core."""

from __future__ import annotations

import json
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json


def encode(value: Any) -> bytes:
    """``value`` as compact JSON; lone surrogates of hostile text become question marks. Raises TypeError."""
    try:
        return to_json(value)
    except PydanticSerializationError:  # it refuses surrogates
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def decode(text: bytes | str) -> Any:
    """The inverse of ``encode``. Raises ValueError."""
    return from_json(text)
