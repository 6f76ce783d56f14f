"""Attempts of the past, for whoever decides them again under another configuration (a change's impact)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import chain, islice
from typing import Any

from django.db.models import QuerySet, Sum, TextField
from django.db.models.functions import Cast

from mailconsole.changes.recorded import RecordedDecision, Sample
from mailconsole.tracking.models import Message, Refusal, TrackingEvent
from mailconsole.tracking.services.life import receipt_detail

_CHUNK = 400
_REFUSAL_FIELDS = (
    "received_at",
    "peer",
    "connector_id",
    "sender",
    "recipient",
    "binding",
    "helo",
    "identity",
    "tls",
    "size_bytes",
    "reply",
)
"""In the order of RecordedDecision."""
_MESSAGE_FIELDS = (
    "id",
    "life",
    "subject",
    "received_at",
    "peer",
    "connector_id",
    "sender",
    "helo",
    "identity",
    "tls",
    "size_bytes",
)


def recent_decisions(*, since: datetime, until: datetime, limit: int) -> Sample:
    """Refusals and recipients of accepted messages; of each all there are, or as many of each hour as fit.

    Refusals may be up to half of it, and more where less was accepted: on a busy relay they would drown in what is
    accepted, and they are what most changes are about.
    """
    refusals = Refusal.objects.filter(received_at__gte=since, received_at__lte=until)
    # Notifications of our own had no client to decide about.
    messages = Message.objects.filter(received_at__gte=since, received_at__lte=until).exclude(peer="")
    refused, accepted = _counted(refusals, limit), _recipients_of(messages, limit)
    most_refused = min(refused, max(limit - limit // 2, limit - accepted))
    most_accepted = min(accepted, limit - most_refused)
    hours = _hours(since, until)
    return Sample(
        chain(
            _spread(refusals, hours, most_refused, refused, _refused),
            _spread(messages, hours, most_accepted, accepted, _accepted),
        ),
        most_refused + most_accepted,
        f"{_share(most_refused, refused, 'refused attempts')} and "
        f"{_share(most_accepted, accepted, 'recipients of accepted messages')}",
    )


def _counted(rows: QuerySet[Refusal], limit: int) -> int:
    """At most one more than the limit: whether there are more has to be known, not how many."""
    return rows.order_by()[: limit + 1].count()


def _recipients_of(rows: QuerySet[Message], limit: int) -> int:
    messages = rows.order_by()[: limit + 1].count()
    if messages > limit:
        return messages
    return rows.aggregate(count=Sum("recipient_count"))["count"] or 0


def _share(taken: int, there: int, what: str) -> str:
    if taken == there:
        return f"all {there:,} {what}"
    return f"{taken:,} of the {what}, the newest of each hour"


@dataclass(frozen=True, slots=True)
class _Hour:
    since: datetime
    until: datetime


def _hours(since: datetime, until: datetime) -> list[_Hour]:
    """The window in hours, the newest first."""
    hours, end = [], until
    while end > since:
        begin = max(since, end - timedelta(hours=1))
        hours.append(_Hour(begin, end))
        end = begin
    return hours


def _spread(
    rows: QuerySet[Any],
    hours: list[_Hour],
    most: int,
    there: int,
    read: Callable[[QuerySet[Any], int], Iterator[RecordedDecision]],
) -> Iterator[RecordedDecision]:
    """All of them, else the newest of each hour: of each hour the same share, and what one lacks goes to others."""
    newest_first = rows.order_by("-received_at", "-pk")
    if most == there:
        yield from islice(read(newest_first, most), most)
        return
    within = [newest_first.filter(received_at__gt=hour.since, received_at__lte=hour.until) for hour in hours]
    counts = [one[:most].count() for one in within]
    left, shares = most, [0] * len(hours)
    for taken, number in enumerate(sorted(range(len(hours)), key=counts.__getitem__)):
        shares[number] = min(counts[number], left // (len(hours) - taken))
        left -= shares[number]
    for one, share in zip(within, shares, strict=True):
        yield from islice(read(one, share), share)


def _pages(rows: QuerySet[Any], fields: tuple[str, ...], limit: int) -> Iterator[list[Any]]:
    """Newest first. No statement stays open between pages: who reads them writes how far it is, and SQLite refuses
    a writer whose own reading began before somebody else wrote."""
    told, left = rows.values_list("pk", "received_at", *fields), limit
    while left > 0:
        page = list(told[: min(left, _CHUNK)])
        yield [values for _, _, *values in page]
        if len(page) < _CHUNK:
            return
        left -= len(page)
        pk, at, *_ = page[-1]
        told = told.filter(received_at__lte=at).exclude(received_at=at, pk__gte=pk)


def _refused(rows: QuerySet[Refusal], limit: int) -> Iterator[RecordedDecision]:
    # As text: few of them are ever read.
    told = rows.annotate(steps=Cast("trail", TextField()))
    for page in _pages(told, (*_REFUSAL_FIELDS, "steps", "certificate"), limit):
        for *values, steps, certificate in page:
            decision = RecordedDecision(*values)
            first = decision.recipient.partition(", ")[0]  # at the end of the data all of them were refused
            yield replace(decision, recipient=first, trail=steps, certificate=certificate or "")


def _accepted(rows: QuerySet[Any], limit: int) -> Iterator[RecordedDecision]:
    """What RCPT named, not what it was resolved to."""
    for page in _pages(rows, _MESSAGE_FIELDS, limit):
        events = TrackingEvent.objects.in_bulk([pk for pk, life, *_ in page if not life])
        for pk, life, subject, at, peer, connector_id, sender, helo, identity, tls, size_bytes in page:
            detail = receipt_detail(life) if life else events[pk].detail if pk in events else {}
            binding = str(detail.get("binding") or "")
            session = (helo, identity, tls, size_bytes)
            recipients, trail = detail.get("recipients"), detail.get("trail")
            steps = trail if isinstance(trail, list) else ()
            mark, subject_of = (str(detail.get(one) or "") for one in ("client_certificate", "client_subject"))
            seen = RecordedDecision(
                at, peer, connector_id, sender, "", binding, *session, "", subject, steps, mark, subject_of
            )
            for one in recipients if isinstance(recipients, list) else ():
                yield replace(seen, recipient=str(one))
