"""Networks of the document as ranges of numbers, to compare them."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from functools import lru_cache


@dataclass(frozen=True, slots=True)
class IpRange:
    """All addresses from ``low`` to ``high`` of one IP version, both included."""

    version: int
    low: int
    high: int

    @property
    def size(self) -> int:
        return self.high - self.low + 1

    def overlaps(self, other: IpRange) -> bool:
        return self.version == other.version and self.low <= other.high and other.low <= self.high

    def contains(self, other: IpRange) -> bool:
        return self.version == other.version and self.low <= other.low and other.high <= self.high


@lru_cache(maxsize=65536)
def parse_range(network: str) -> IpRange:
    """The range of a ``Network`` of the document: an address, ``a-b`` or CIDR."""
    if "-" in network:
        low, high = (ipaddress.ip_address(part) for part in network.split("-", 1))
        return IpRange(low.version, int(low), int(high))
    whole = ipaddress.ip_network(network)
    return IpRange(whole.version, int(whole.network_address), int(whole.broadcast_address))
