"""What a list of patterns names: addresses, ``domain``, ``*.domain``, ``*``; and which servers one of names. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from transport.model.address import Address


def parent_domains(domain: str) -> list[str]:
    """``a.b.c`` -> ``a.b.c``, ``b.c``, ``c``: the domain itself first."""
    found = [domain]
    at = domain.find(".")
    while at >= 0:
        found.append(domain[at + 1 :])
        at = domain.find(".", at + 1)
    return found


def names_server(pattern: str, name: str) -> bool:
    """Whether ``pattern``, in which ``*`` stands for any letters, is the server's ``name``, in any case of letters."""
    first, *middle = pattern.lower().split("*")
    name = name.lower()
    if not middle:
        return first == name
    last = middle.pop()
    if len(name) < len(first) + len(last) or not (name.startswith(first) and name.endswith(last)):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        found = name.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return True


class AddressPatterns:
    """A compiled list of patterns. ``*.contoso.com`` names the domain and its subdomains, as in Exchange."""

    def __init__(self, patterns: Iterable[str]) -> None:
        self.patterns = tuple(patterns)
        lowered = [pattern.lower() for pattern in self.patterns]
        self._everything = "*" in lowered
        self._addresses = frozenset(p for p in lowered if "@" in p)
        self._trees = frozenset(p[2:] for p in lowered if p.startswith("*."))
        self._most_labels = 1 + max((tree.count(".") for tree in self._trees), default=0)
        self._domains = frozenset(p for p in lowered if "@" not in p and not p.startswith("*"))

    @property
    def names_addresses(self) -> bool:
        """Whether more than the domain of an address has a say."""
        return bool(self._addresses) and not self._everything

    def match(self, address: Address) -> bool:
        """Whether one of the patterns names ``address``; the null reverse-path is named by ``*`` alone."""
        if self._everything:
            return True
        if address.domain in self._domains or (self._addresses and str(address).lower() in self._addresses):
            return True
        return bool(self._trees) and any(domain in self._trees for domain in self._parents(address.domain))

    def _parents(self, domain: str) -> list[str]:
        """Those that may be one of the trees: a stranger's domain may have more than a hundred labels."""
        return parent_domains(".".join(domain.rsplit(".", self._most_labels)[-self._most_labels :]))

    def __str__(self) -> str:
        shown = ", ".join(self.patterns[:3])
        return f"{shown} and {len(self.patterns) - 3} more" if len(self.patterns) > 3 else shown
