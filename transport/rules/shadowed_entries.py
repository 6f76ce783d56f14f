"""Which entries of the IP lists never decide anything: over, or wholly within one that decides for them. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from transport.config.objects import IpListEntry
from transport.config.ranges import parse_range
from transport.rules import ip_filter
from transport.rules.networks import NetworkIndex

ALLOW, BLOCK = "ip_allow_list", "ip_block_list"


class _Wide:
    """The entries of one list that are in force, by what they hold; those of one address are looked up as they are."""

    def __init__(self, entries: Iterable[IpListEntry], now: datetime) -> None:
        self._single: dict[str, IpListEntry] = {}
        wide: list[IpListEntry] = []
        for entry in entries:
            if entry.expires_at is not None and entry.expires_at <= now:
                continue
            if "/" in entry.network or "-" in entry.network:
                wide.append(entry)
            else:
                self._single[entry.network] = entry
        self._has_wide = bool(wide)
        self._index = NetworkIndex((entry.network, entry) for entry in wide)

    def over(self, entry: IpListEntry) -> IpListEntry | None:
        """Another one that holds all of the entry's addresses, for as long."""
        same = self._single.get(entry.network)
        near = [same] if same is not None else []
        if self._has_wide:
            near += self._index.find_all(_first(entry.network))
        return next((one for one in near if one is not entry and _covers(one, entry)), None)


class Shadows:
    """Answers for many entries of one document."""

    def __init__(self, allow: Iterable[IpListEntry], block: Iterable[IpListEntry], *, now: datetime) -> None:
        self._now = now
        self._lists = {ALLOW: _Wide(allow, now), BLOCK: _Wide(block, now)}

    def idle_because(self, kind: str, entry: IpListEntry) -> str:
        """A sentence; empty where the entry may decide."""
        over = ip_filter.why_over(entry, now=self._now)
        if over:
            return over
        if kind == BLOCK and (allowing := self._lists[ALLOW].over(entry)) is not None:
            return f"The allow entry {allowing.network} lets all of it in: an allow entry wins."
        if (other := self._lists[kind].over(entry)) is not None:
            return f"The entry {other.network} holds all of it: it decides nothing by itself."
        return ""


def _first(network: str) -> str:
    return network.partition("-")[0].partition("/")[0]


def _covers(wide: IpListEntry, entry: IpListEntry) -> bool:
    is_as_long = wide.expires_at is None or (entry.expires_at is not None and entry.expires_at <= wide.expires_at)
    return is_as_long and parse_range(wide.network).contains(parse_range(entry.network))
