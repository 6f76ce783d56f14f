"""Which nodes show a certificate now, by their own word."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.nodes.snapshots import Live


@dataclass(frozen=True, slots=True)
class Shown:
    """A connector of a node that shows it."""

    node: str
    connector_id: str


def shown_now(live: Live, name: str) -> list[Shown]:
    return [
        Shown(snapshot.node, one.connector_id)
        for snapshot in live.snapshots
        for one in snapshot.certificates
        if one.name == name
    ]
