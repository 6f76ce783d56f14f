"""Sets of addresses as ranges of integers, in order and apart from each other. Pure."""

from __future__ import annotations

import bisect
import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

Span = tuple[int, int]
"""First and last, both in it."""
_IPV4 = 1 << 129
"""Added to IPv4's numbers: they lie apart from IPv6's on one line."""
_MOST = _IPV4 << 1


@dataclass(frozen=True, slots=True)
class Addresses:
    """Made by ``of`` and the operators, each of which looks a span up in the other set: no set is walked whole for
    each span of one that is small."""

    spans: tuple[Span, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.spans)

    def __or__(self, other: Addresses) -> Addresses:
        few, many = sorted((self, other), key=lambda one: len(one.spans))
        return union((few, many)) if len(few.spans) * 8 > len(many.spans) else _put_in(few, many)

    def __sub__(self, other: Addresses) -> Addresses:
        return Addresses(tuple(piece for span in self.spans for piece in _left(span, other.spans)))

    def __and__(self, other: Addresses) -> Addresses:
        return self - (self - other)

    def networks(self) -> Iterator[str]:
        """As few as there can be, one after the other: whoever wants no more than some stops."""
        for first, last in self.spans:
            kind: Any = ipaddress.IPv4Address if first >= _IPV4 else ipaddress.IPv6Address
            base = _IPV4 if first >= _IPV4 else 0
            for one in ipaddress.summarize_address_range(kind(first - base), kind(last - base)):
                yield str(one.network_address) if one.num_addresses == 1 else str(one)


def of(networks: Iterable[str]) -> Addresses:
    """Raises ValueError."""
    return _merged(span_of(ipaddress.ip_network(one)) for one in networks)


def span_of(network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> Span:
    base = _IPV4 if network.version == 4 else 0
    return int(network.network_address) + base, int(network.broadcast_address) + base


def union(sets: Iterable[Addresses]) -> Addresses:
    return _merged(span for one in sets for span in one.spans)


def _put_in(few: Addresses, many: Addresses) -> Addresses:
    """As ``union``, but the many are copied and not walked."""
    made = list(many.spans)
    for first, last in few.spans:
        begin, end = _place(made, first - 1), bisect.bisect_right(made, (last + 1, _MOST))
        if begin < end:
            first, last = min(first, made[begin][0]), max(last, made[end - 1][1])
        made[begin:end] = [(first, last)]
    return Addresses(tuple(made))


def _place(spans: Sequence[Span], at: int) -> int:
    """Of the first span that ends no sooner than there."""
    place = bisect.bisect_right(spans, (at, _MOST))
    return place - 1 if place and spans[place - 1][1] >= at else place


def _merged(spans: Iterable[Span]) -> Addresses:
    made: list[Span] = []
    for first, last in sorted(spans):
        if made and first <= made[-1][1] + 1:
            made[-1] = made[-1][0], max(made[-1][1], last)
        else:
            made.append((first, last))
    return Addresses(tuple(made))


def _left(span: Span, cuts: tuple[Span, ...]) -> Iterator[Span]:
    """What is left of a span between cuts that are in order."""
    at, last = span
    place = _place(cuts, at)
    while place < len(cuts) and cuts[place][0] <= last:
        first_cut, last_cut = cuts[place]
        if at < first_cut:
            yield at, first_cut - 1
        at = max(at, last_cut + 1)
        place += 1
    if at <= last:
        yield at, last


EVERYBODY = of(("0.0.0.0/0", "::/0"))
