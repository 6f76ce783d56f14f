"""Verbs of `config` that other apps bring along."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Add = Callable[[Any], None]
"""Takes the command's subparsers and adds its own."""

_adders: list[Add] = []


def register(add: Add) -> None:
    """In `AppConfig.ready`."""
    _adders.append(add)


def add_all(verbs: Any) -> None:
    for add in _adders:
        add(verbs)
