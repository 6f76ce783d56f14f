"""Access tables by client address as networks of which none says otherwise: one row decides about an address. Pure."""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Iterable
from dataclasses import dataclass, field

from mailconsole.imports.postfix.addresses import Addresses, span_of

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Decided:
    """``addresses`` are what is left of ``key`` after rows that win over it; ``cut`` are networks of other rows."""

    key: str
    action: str
    addresses: Addresses
    cut: tuple[str, ...]


def decided(rows: Iterable[tuple[str, str]], *, is_first_match: bool) -> list[Decided]:
    """Of networks and their actions. In a CIDR table the first row that fits wins, else the most specific.

    Only rows that do something else are cut out of a row: of two blocks neither says more.
    """
    known = [(key, action, ipaddress.ip_network(key)) for key, action in rows]
    ordered = known if is_first_match else sorted(known, key=lambda row: -row[2].prefixlen)
    seen = {version: _Seen() for version in (4, 6)}
    return [seen[network.version].decide(key, action, network) for key, action, network in ordered]


@dataclass(slots=True)
class _Seen:
    """Networks that came before, none within another: what is in one that came later was decided without it."""

    _rows: dict[int, tuple[Network, str, list[Network]]] = field(default_factory=dict)
    """By first address: the network, what it does, and what is cut out of it."""
    _starts: list[int] = field(default_factory=list)

    def decide(self, key: str, action: str, network: Network) -> Decided:
        first, last = int(network.network_address), int(network.broadcast_address)
        verb = action.split(" ", 1)[0].upper()
        begin, end = bisect.bisect_left(self._starts, first), bisect.bisect_right(self._starts, last)
        for start in self._starts[max(0, begin - 1) : begin + 1]:
            around, does, _ = self._rows[start]
            if int(around.network_address) <= first and last <= int(around.broadcast_address):
                return Decided(key, action, Addresses(), (str(around),) if does != verb else ())
        cut: list[Network] = []
        for start in self._starts[begin:end]:
            within, does, holes = self._rows.pop(start)
            cut += [within] if does != verb else holes
        self._starts[begin:end] = [first]
        self._rows[first] = network, verb, cut
        left = Addresses((span_of(network),)) - Addresses(tuple(map(span_of, cut)))
        return Decided(key, action, left, tuple(map(str, cut)))
