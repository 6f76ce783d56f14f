"""DNS as the engine asks it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class MailExchanger:
    """One place to connect to. ``host`` is the name to verify certificates by."""

    host: str
    addresses: tuple[str, ...]
    port: int


class NextHopUnresolved(Exception):
    """No address to connect to. ``is_temporary`` tells whether trying again can help; ``enhanced`` is its status."""

    def __init__(self, reason: str, *, is_temporary: bool, enhanced: str) -> None:
        super().__init__(reason)
        self.is_temporary = is_temporary
        self.enhanced = enhanced


class Resolver(Protocol):
    """DNS as delivery needs it, cached by TTL."""

    async def exchangers(self, domain: str, *, port: int) -> Sequence[MailExchanger]:
        """MX hosts in preference order (random within one), or the domain itself. Raises NextHopUnresolved."""
        ...

    async def smart_host(self, name: str, *, port: int) -> Sequence[MailExchanger]:
        """A smart host given as a name, with MX records or without, or as an address. Raises NextHopUnresolved."""
        ...


class CodeLookup(Protocol):
    """What lists in DNS answer."""

    async def codes(self, name: str) -> tuple[str, ...]:
        """The IPv4 addresses of a name. Raises NextHopUnresolved, permanent where the name does not exist."""
        ...
