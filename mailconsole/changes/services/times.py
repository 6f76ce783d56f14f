"""Which changes have a time ahead: what is due, and what people see of it before. Reads only."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from django.db.models import Q, QuerySet

from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.states import ChangeState

SOON = timedelta(days=7)


def due_to_publish(now: datetime) -> QuerySet[Change]:
    due = Change.objects.filter(state=ChangeState.APPROVED, publish_at__lte=now)
    return due.select_related("scheduled_by").order_by("publish_at", "pk")


def due_to_end(now: datetime) -> QuerySet[Change]:
    """The newest first: what was built on another is taken back before it."""
    return Change.objects.filter(ends_at__lte=now, ended_at=None).order_by("-revision__number")


def ending(kind: str, object_ids: Collection[str]) -> dict[str, Change]:
    """Those of these objects that a change in effect takes back by itself, by identity: the earliest end of each."""
    items = ChangeItem.objects.filter(
        kind=kind, object_id__in=object_ids, change__ends_at__isnull=False, change__ended_at=None
    )
    return {item.object_id: item.change for item in items.select_related("change").order_by("-change__ends_at")}


def ahead(now: datetime) -> QuerySet[Change]:
    """What ends soon, or could not be taken back."""
    soon = Q(ends_at__lte=now + SOON, ended_at=None)
    return Change.objects.filter(soon).select_related("author").order_by("ends_at")
