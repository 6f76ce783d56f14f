"""Access tables by client address as networks of which none says otherwise: one row decides about an address. Pure."""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from mailconsole.imports.postfix.networks import without

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Decided:
    """``networks`` are what is left of ``key`` after rows that win over it; ``cut`` are those of other rows."""

    key: str
    action: str
    networks: tuple[str, ...]
    cut: tuple[str, ...]


def decided(rows: Iterable[tuple[str, str]], *, is_first_match: bool) -> list[Decided]:
    """Of networks and their actions. In a CIDR table the first row that fits wins, else the most specific.

    Only rows that do something else are cut out of a row: of two blocks neither says more.
    """
    known = [(key, action, ipaddress.ip_network(key)) for key, action in rows]
    ordered = known if is_first_match else sorted(known, key=lambda row: -row[2].prefixlen)
    seen = {version: _Seen() for version in (4, 6)}
    found = []
    for key, action, network in ordered:
        cut = tuple(seen[network.version].others(network, verb_of(action)))
        found.append(Decided(key, action, tuple(without([key], cut)) if cut else (key,), cut))
        seen[network.version].add(network, verb_of(action))
    return found


def verb_of(action: str) -> str:
    return action.split(" ", 1)[0].upper()


@dataclass(slots=True)
class _Seen:
    """Networks that came before, found without walking them all: two overlap only where one is in the other."""

    _verbs: dict[tuple[int, int], tuple[str, str]] = field(default_factory=dict)
    """By length and first address: the verb, and the network as text."""
    _sorted: list[tuple[int, int]] = field(default_factory=list)

    def add(self, network: Network, verb: str) -> None:
        start, length = int(network.network_address), network.prefixlen
        if (length, start) not in self._verbs:
            self._verbs[length, start] = verb, str(network)
            bisect.insort(self._sorted, (start, length))

    def others(self, network: Network, verb: str) -> Iterator[str]:
        for said, name in self._overlapping(network):
            if said != verb:
                yield name

    def _overlapping(self, network: Network) -> Iterator[tuple[str, str]]:
        start, length, bits = int(network.network_address), network.prefixlen, network.max_prefixlen
        for wider in range(length):
            if (wider, start >> (bits - wider) << (bits - wider)) in self._verbs:
                yield self._verbs[wider, start >> (bits - wider) << (bits - wider)]
        last = start + (1 << (bits - length))
        for at in range(bisect.bisect_left(self._sorted, (start, length)), len(self._sorted)):
            if self._sorted[at][0] >= last:
                return
            yield self._verbs[self._sorted[at][1], self._sorted[at][0]]
