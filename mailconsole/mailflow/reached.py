"""What nodes tell of a receive connector: how often its limits decided, and the certificate it shows."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime

from mailconsole.nodes.snapshots import Live
from transport.model.certificate import PresentedCertificate
from transport.model.limit import Limit, LimitCount


@dataclass(frozen=True, slots=True)
class ReachedRow:
    """One limit that was reached."""

    limit: Limit
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ShownRow:
    """The certificate of the connector on one node."""

    node: str
    certificate: PresentedCertificate

    @property
    def ends_at(self) -> datetime:
        return datetime.fromtimestamp(self.certificate.not_after, UTC)


def certificates_shown(live: Live, connector_id: str) -> list[ShownRow]:
    """Of each node that reports."""
    return [
        ShownRow(snapshot.node, one)
        for snapshot in live.snapshots
        for one in snapshot.certificates
        if one.connector_id == connector_id
    ]


def limits_reached(live: Live, connector_id: str) -> list[ReachedRow]:
    """The limit that decided last comes first."""
    found: dict[Limit, list[LimitCount]] = defaultdict(list)
    for snapshot in live.snapshots:
        for one in snapshot.limits:
            if one.connector_id == connector_id:
                found[one.limit].append(one)
    rows = [_row(limit, counts) for limit, counts in found.items()]
    return sorted(rows, key=lambda row: row.last_at, reverse=True)


def _row(limit: Limit, counts: list[LimitCount]) -> ReachedRow:
    last_at = max(one.last_at for one in counts)
    return ReachedRow(limit, sum(one.count for one in counts), datetime.fromtimestamp(last_at, UTC))
