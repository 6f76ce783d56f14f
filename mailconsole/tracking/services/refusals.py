"""Refused attempts: found newest first, grouped by who and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from mailconsole.tracking.models import Refusal
from mailconsole.tracking.services.search import Position

PAGE_SIZE = 50
GROUPED_AT_MOST = 5_000


@dataclass(frozen=True, slots=True)
class RefusalQuery:
    """What is asked; empty fields ask nothing. Sender and recipient are an address or a domain."""

    peer: str = ""
    sender: str = ""
    recipient: str = ""
    stage: str = ""
    reply: str = ""
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class RefusalGroup:
    """Attempts of one peer that were refused for one reason; `last` is the latest of them."""

    count: int
    last: Refusal


@dataclass(frozen=True, slots=True)
class RefusalPage:
    """One page, and where the next one begins."""

    refusals: list[Refusal]
    following: Position | None


def search_refusals(query: RefusalQuery, *, after: Position | None = None, size: int = PAGE_SIZE) -> RefusalPage:
    """A page of the refusals that match, newest first."""
    found = _matching(query)
    if after is not None:
        same = Q(received_at=after.received_at, pk__lt=after.id)
        found = found.filter(Q(received_at__lt=after.received_at) | same, received_at__lte=after.received_at)
    rows = list(found.select_related("node")[: size + 1])
    page = rows[:size]
    is_more = len(rows) > size
    return RefusalPage(page, Position(page[-1].received_at, page[-1].pk) if is_more else None)


def group_refusals(query: RefusalQuery, *, size: int) -> list[RefusalGroup]:
    """The most frequent (peer, reply, sender's domain, recipient's domain) of the latest refusals that match."""
    keys = _matching(query).values_list("pk", "peer", "reply", "sender_domain", "recipient_domain")
    counts: Counter[tuple[str, ...]] = Counter()
    latest: dict[tuple[str, ...], int] = {}
    for pk, *key in keys[:GROUPED_AT_MOST]:
        counts[tuple(key)] += 1
        latest.setdefault(tuple(key), pk)
    top = counts.most_common(size)
    rows = Refusal.objects.in_bulk([latest[key] for key, _ in top])
    return [RefusalGroup(count, rows[latest[key]]) for key, count in top if latest[key] in rows]


def _matching(query: RefusalQuery) -> QuerySet[Refusal]:
    found = Refusal.objects.order_by("-received_at", "-pk")
    for condition in _conditions(query):
        found = found.filter(condition)
    return found


def _conditions(query: RefusalQuery) -> Sequence[Q]:
    conditions = [_address(query.sender, "sender"), _address(query.recipient, "recipient")]
    for name in ("peer", "stage"):
        if value := getattr(query, name).strip():
            conditions.append(Q(**{name: value}))
    if query.reply.strip():
        conditions.append(Q(reply__icontains=query.reply.strip()) | Q(reason__icontains=query.reply.strip()))
    if query.since:
        conditions.append(Q(received_at__gte=query.since))
    if query.until:
        conditions.append(Q(received_at__lt=query.until))
    return conditions


def _address(text: str, field: str) -> Q:
    """By the domain's index first; the address itself is then compared within its domain."""
    text = text.strip().lower()
    if not text:
        return Q()
    local, _, domain = text.rpartition("@")
    found = Q(**{f"{field}_domain": domain})
    return found & Q(**{f"{field}__iexact": text}) if local else found
