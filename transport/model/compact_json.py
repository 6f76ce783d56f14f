"""Compact JSON in UTF-8 for spool and outbox: written several times for each message, so by pydantic's core."""

from __future__ import annotations

import json
from functools import lru_cache
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


def once(value: str) -> str:
    """A string as ``encode`` would write it, that does not come again."""
    if value.isascii() and value.isprintable() and '"' not in value and "\\" not in value:
        return f'"{value}"'
    return encode(value).decode()


text = lru_cache(maxsize=4096)(once)
"""The same, for what comes again and again: senders, recipients, next hops, what a session says of itself."""


def texts(values: list[str]) -> str:
    """Strings as ``encode`` would write them."""
    return f"[{text(values[0])}]" if len(values) == 1 else encode(values).decode()


class Constant(list[Any]):
    """A list that is told of again and again and never changes: its JSON is made once."""

    __slots__ = ("_json",)

    @property
    def json(self) -> str:
        try:
            return self._json
        except AttributeError:
            self._json: str = encode(list(self)).decode()
            return self._json
