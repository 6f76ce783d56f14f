"""Texts and values from outside as every database takes them: what files, forms, programs and terminals say."""

from __future__ import annotations

import math
from typing import Any

MAX_DEPTH = 48


class TooDeep(ValueError):
    """``str()`` says so."""


def text(said: str) -> str:
    """Without NULs and halves of surrogate pairs, which PostgreSQL refuses; halves that belong together are joined."""
    if said.isascii() and "\0" not in said:
        return said
    octets = said.replace("\0", "\ufffd").encode("utf-16-le", "surrogatepass")
    return octets.decode("utf-16-le", "replace")


def value(said: Any, depth: int = 0) -> Any:
    """The same of all within; numbers that JSON has no word for as text. Raises TooDeep."""
    if depth > MAX_DEPTH:
        raise TooDeep("it is nested too deep")
    if isinstance(said, str):
        return text(said)
    if isinstance(said, list):
        return [value(one, depth + 1) for one in said]
    if isinstance(said, dict):
        return {text(name): value(one, depth + 1) for name, one in said.items()}
    return str(said) if isinstance(said, float) and not math.isfinite(said) else said
