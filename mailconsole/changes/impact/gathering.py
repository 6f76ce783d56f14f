"""Gathers differences into groups as they come, in bounded memory: by client, by sender, by what decides."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from mailconsole.changes.impact.comparison import Difference
from mailconsole.changes.impact.report import Example, Group, Grouping
from mailconsole.changes.recorded import RecordedDecision

EXAMPLES = 2
GROUPS = 50
REMEMBERED = 5000
"""Groups of one grouping that are told apart; attempts of more are counted together."""

_Key = tuple[str, Difference]
Show = Callable[[RecordedDecision], Example]


@dataclass(slots=True)
class _Gathered:
    count: int = 0
    examples: list[RecordedDecision] = field(default_factory=list)
    peers: set[str] = field(default_factory=set)


class Gathering:
    """One grouping; ``label`` says what a group has in common."""

    def __init__(self, name: str, title: str, label: Callable[[RecordedDecision, Difference], str]) -> None:
        self._name, self._title, self._label = name, title, label
        self._groups: dict[_Key, _Gathered] = {}
        self._others = 0

    def add(self, decision: RecordedDecision, difference: Difference) -> None:
        key = self._label(decision, difference), difference
        group = self._groups.get(key)
        if group is None:
            if len(self._groups) >= REMEMBERED:
                self._others += 1
                return
            group = self._groups[key] = _Gathered()
        group.count += 1
        if len(group.examples) < EXAMPLES:
            group.examples.append(decision)
        if len(group.peers) < 2:
            group.peers.add(decision.peer)

    def finish(self, show: Show) -> Grouping:
        """What opens comes first, then the largest."""
        ordered = sorted(self._groups.items(), key=lambda one: (not one[0][1].is_opening, -one[1].count))
        shown, rest = ordered[:GROUPS], ordered[GROUPS:]
        left_out = sum(group.count for _, group in rest) + self._others
        groups = tuple(self._group(key, group, show) for key, group in shown)
        return Grouping(self._name, self._title, groups, len(rest) + (1 if self._others else 0), left_out)

    def _group(self, key: _Key, gathered: _Gathered, show: Show) -> Group:
        label, found = key
        if self._name == "client" and len(gathered.peers) == 1:
            label = next(iter(gathered.peers))
        return Group(
            label=label,
            aspect=found.aspect.value,
            before=found.before,
            after=found.after,
            is_opening=found.is_opening,
            count=gathered.count,
            examples=tuple(show(one) for one in gathered.examples),
        )


def gatherings() -> tuple[Gathering, ...]:
    """Every grouping, empty."""
    return (
        Gathering("client", "Client", lambda decision, _: network_of(decision.peer)),
        Gathering("sender", "Sender domain", lambda decision, _: decision.sender.rpartition("@")[2].lower() or "<>"),
        Gathering("rule", "What decides", lambda _, difference: difference.decided_by),
    )


def network_of(peer: str) -> str:
    """The client's network, as far as neighbours are probably the same people: /24, /64."""
    address = ipaddress.ip_address(peer)
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 64), strict=False))


def names() -> Iterator[tuple[str, str]]:
    """Name and title of each, for pages."""
    yield from (("client", "client"), ("sender", "sender"), ("rule", "what decides"))
