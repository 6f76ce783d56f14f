"""Proxy addresses that no mail used: found out in the background once a day, kept as marks on their rows.

An address of a domain that is not accepted gets no mail anyway, and is told elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest

from directory.addresses import domain_of
from mailconsole.audit import services as audit
from mailconsole.changes import recorded
from mailconsole.changes.recorded import MailSeen
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.recipients.models import DirectoryRules, ProxyReview, RecipientAddress
from transport.rules.ruleset import compile_ruleset

WINDOWS = (7, 14, 30, 90, 180, 365)
EVERY = timedelta(hours=24)
STEP = 1000
"""So many rows are asked about, and written, at once."""


def last_review() -> ProxyReview | None:
    return ProxyReview.objects.filter(pk=1).first()


def unused_proxies() -> QuerySet[RecipientAddress]:
    """As the last review found them; those of objects that changed since then are not among them."""
    found = RecipientAddress.objects.filter(is_unused=True, recipient__source__is_enabled=True)
    return found.select_related("recipient", "recipient__source").order_by("key", "pk")


def is_review_due(*, now: datetime) -> bool:
    """Once a day, and at once for another window, or when the first mail is tracked."""
    last = last_review()
    if last is None:
        return RecipientAddress.objects.exists()
    is_first = not last.known_days and _began_at() is not None
    return is_first or last.days != DirectoryRules.current().unused_after_days or now - last.reviewed_at >= EVERY


def review_proxies(*, now: datetime) -> ProxyReview:
    """Ask tracked mail about every proxy address, in short steps, and mark those that none came to."""
    days = DirectoryRules.current().unused_after_days
    seen = recorded.mail_seen()
    began_at = _began_at()
    since = max(now - timedelta(days=days), began_at or now)
    is_ours = _accepted()
    proxies = unused = 0
    for rows in _steps():
        without = _without_mail(rows, seen, since, is_ours) if seen is not None and began_at is not None else set()
        found = dict(rows.values_list("pk", "is_unused"))
        proxies, unused = proxies + len(found), unused + len(without)
        _mark({pk for pk, is_marked in found.items() if is_marked != (pk in without)}, without)
    values = {"reviewed_at": now, "since": since, "days": days, "proxy_count": proxies, "unused_count": unused}
    review, _ = ProxyReview.objects.update_or_create(pk=1, defaults=values)
    return review


def choose_window(*, days: int, actor: Any, request: HttpRequest | None = None) -> None:
    """How long no mail must have come until a proxy address counts as unused; found out anew with the next review."""
    with transaction.atomic():
        before = DirectoryRules.current().unused_after_days
        DirectoryRules.objects.update_or_create(pk=1, defaults={"unused_after_days": days})
        audit.record(
            actor=actor, action="directory_rules.update", object_kind="directory_rules", object_id="1",
            summary=f"Proxy addresses count as unused after {days} days without mail", request=request,
            before={"unused_after_days": before}, after={"unused_after_days": days},
        )  # fmt: skip


def _began_at() -> datetime | None:
    """Since when mail is tracked."""
    seen = recorded.mail_seen()
    return seen.began_at() if seen is not None else None


def _steps() -> Iterator[QuerySet[RecipientAddress]]:
    """The proxy addresses of enabled directories, in steps."""
    proxies = RecipientAddress.objects.filter(is_primary=False, recipient__source__is_enabled=True)
    after = 0
    while keys := list(proxies.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:STEP]):
        yield RecipientAddress.objects.filter(pk__in=keys)
        after = keys[-1]


def _without_mail(
    rows: QuerySet[RecipientAddress], seen: MailSeen, since: datetime, is_ours: Callable[[str], bool]
) -> set[int]:
    found = seen.without_mail(rows, key="key", since=since).values_list("pk", "key")
    return {pk for pk, key in found if is_ours(domain_of(key))}


def _mark(changed: set[int], unused: set[int]) -> None:
    for is_unused in (True, False):
        which = [pk for pk in changed if (pk in unused) is is_unused]
        if which:
            RecipientAddress.objects.filter(pk__in=which).update(is_unused=is_unused)


def _accepted() -> Callable[[str], bool]:
    head = head_revision()
    ruleset = compile_ruleset(load_document(head), head.number)
    return lambda domain: ruleset.accepted_domain(domain) is not None
