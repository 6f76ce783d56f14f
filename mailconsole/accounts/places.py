"""What a limit may name: asked of the configuration, which plugs itself in here; accounts know nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Places:
    """The connectors, as ``receive/default``, and the domains that anything is about, with ``*.contoso.com`` too."""

    connectors: frozenset[str] = frozenset()
    domains: frozenset[str] = frozenset()

    def has_domain(self, domain: str) -> bool:
        """Whether something is about it, or about a part of it where subdomains are meant."""
        tree = domain.removeprefix("*.")
        known = {one.removeprefix("*.") for one in self.domains}
        if domain in self.domains or tree in known:
            return True
        if any(one.startswith("*.") and tree.endswith(one[1:]) for one in self.domains):
            return True
        return domain.startswith("*.") and any(one.endswith(f".{tree}") for one in known)


def _nowhere() -> Places:
    return Places()


_ask: Callable[[], Places] = _nowhere


def plug_in(ask: Callable[[], Places]) -> None:
    global _ask
    _ask = ask


def places() -> Places:
    return _ask()
