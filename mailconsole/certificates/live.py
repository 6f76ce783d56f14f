"""The live region that warns: certificates whose end is near, and what nodes say is wrong with the one they show."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from mailconsole.certificates.models import SOON, ServerCertificate
from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.snapshots import Live

MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class Notice:
    """One thing that a person should see to; ``name`` is that of a certificate of the console's, or empty."""

    key: str
    tone: str
    sentence: str
    name: str = ""


def certificate_warnings(live: Live, now: datetime) -> list[Piece]:
    """Worst first; nothing where all is well."""
    found = [*_ending(now), *_problems(live)]
    return [piece(one.key, "certificates/_warning.html", row=one) for one in found[:MAX_WARNINGS]]


def _ending(now: datetime) -> Iterator[Notice]:
    for one in ServerCertificate.objects.filter(not_after__lt=now + SOON).order_by("not_after"):
        assert one.not_after is not None
        days = (one.not_after - now) // timedelta(days=1)
        if one.is_over(now):
            said = f"{one.name} expired on {one.not_after:%Y-%m-%d}: peers that verify it refuse it."
            yield Notice(f"own {one.name}", "bad", said, one.name)
        else:
            said = f"{one.name} ends on {one.not_after:%Y-%m-%d}, in {days} day{'' if days == 1 else 's'}."
            yield Notice(f"own {one.name}", "warn", said, one.name)


def _problems(live: Live) -> Iterator[Notice]:
    """What nodes tell of a certificate that the console does not keep, and of what is missing: each once."""
    known = set(ServerCertificate.objects.exclude(chain_pem="").values_list("name", flat=True))
    seen: dict[tuple[str, str], list[str]] = {}
    for snapshot in live.snapshots:
        for shown in snapshot.certificates:
            if shown.problem and not (shown.name in known and f" {shown.name} expire" in shown.problem):
                seen.setdefault((shown.connector_id, shown.problem), []).append(snapshot.node)
    for (connector, problem), nodes in seen.items():
        said = f"Receive connector {connector} on {', '.join(nodes)}: {problem}"
        yield Notice(f"shown {connector} {nodes[0]}", "warn", said)
