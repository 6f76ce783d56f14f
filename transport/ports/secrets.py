"""Values that are elsewhere by their names (law 9)."""

from __future__ import annotations

from typing import Protocol

from transport.ports.unavailable import LookupUnavailable


class SecretReader(Protocol):
    """Resolves a secret's name to its value (law 9). Raises LookupUnavailable."""

    def __call__(self, name: str) -> str: ...


def no_secrets(name: str) -> str:
    """A SecretReader that knows none."""
    raise LookupUnavailable(f"the secret '{name}' is not known here")
