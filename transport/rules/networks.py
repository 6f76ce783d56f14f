"""Which networks hold an address: an index over CIDR networks and ranges. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from functools import lru_cache
from typing import Generic, TypeVar

T = TypeVar("T")
_BITS = {4: 32, 6: 128}
REMEMBERED = 4096
"""Addresses whose values an index remembers: a client sends many messages."""


@lru_cache(maxsize=8192)
def parse_ip(text: str) -> tuple[int, int]:
    """``(version, integer)`` of an address; IPv4-mapped IPv6 is unwrapped. Raises ValueError."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if address.version == 6 and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return address.version, int(address)


@lru_cache(maxsize=65536)
def bounds(network: str) -> tuple[int, int, int]:
    """``(version, first, last)`` of an address, ``a-b`` range or CIDR network. Raises ValueError."""
    if "-" in network:
        low, high = (ipaddress.ip_address(part) for part in network.split("-", 1))
        return low.version, int(low), int(high)
    cidr = ipaddress.ip_network(network)
    return cidr.version, int(cidr.network_address), int(cidr.broadcast_address)


def size(network: str) -> int:
    """How many addresses the network has."""
    _, first, last = bounds(network)
    return last - first + 1


class NetworkIndex(Generic[T]):
    """Maps networks to values; finds all that hold an address, the most specific (smallest) first."""

    def __init__(self, items: Iterable[tuple[str, T]]) -> None:
        self._tables: dict[tuple[int, int], dict[int, list[tuple[int, T]]]] = {}
        for network, value in items:
            self._add(network, value)
        self._remembered: dict[str, list[T]] = {}
        lengths = sorted(self._tables, reverse=True)
        self._lengths = {v: [(n, _BITS[v] - n) for version, n in lengths if version == v] for v in (4, 6)}

    def _add(self, network: str, value: T) -> None:
        version, first, last = bounds(network)
        span = last - first + 1
        if not span & (span - 1) and not first % span:  # one network, as nearly all are
            self._add_block(version, first, _BITS[version] + 1 - span.bit_length(), span, value)
            return
        kind = ipaddress.IPv4Address if version == 4 else ipaddress.IPv6Address
        for block in ipaddress.summarize_address_range(kind(first), kind(last)):
            self._add_block(version, int(block.network_address), block.prefixlen, span, value)

    def _add_block(self, version: int, first: int, length: int, span: int, value: T) -> None:
        table = self._tables.setdefault((version, length), {})
        table.setdefault(first >> (_BITS[version] - length), []).append((span, value))

    def find_all(self, address: str) -> list[T]:
        """Values whose network holds ``address``, the smallest network first; not to be changed. Raises ValueError."""
        found = self._remembered.get(address)
        if found is None:
            if len(self._remembered) >= REMEMBERED:
                self._remembered.clear()
            found = self._remembered[address] = self._find_all(address)
        return found

    def _find_all(self, address: str) -> list[T]:
        version, number = parse_ip(address)
        found: list[tuple[int, T]] = []
        for length, shift in self._lengths[version]:
            found += self._tables[version, length].get(number >> shift, ())
        if len(found) > 1:
            found.sort(key=lambda pair: pair[0])
        return [value for _, value in found]
