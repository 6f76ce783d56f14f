"""The standing orders as nodes take them: every suspended queue, every hold rule in force."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db.models import Q
from django.utils import timezone

from mailconsole.queues.models import HoldRule, QueueSuspension
from transport.model import orders
from transport.model.queue_filter import BadFilter

log = structlog.get_logger(__name__)


def standing_orders(now: datetime | None = None) -> orders.StandingOrders:
    """What holds now."""
    suspended = tuple(
        orders.SuspendedQueue(one.key, one.by, one.reason, one.at.timestamp())
        for one in QueueSuspension.objects.order_by("key")
    )
    rules = (_rule(one) for one in in_force(now))
    return orders.StandingOrders(suspended, tuple(rule for rule in rules if rule is not None))


def in_force(now: datetime | None = None) -> list[HoldRule]:
    """The hold rules that hold mail now."""
    now = now or timezone.now()
    lasting = Q(expires_at=None) | Q(expires_at__gt=now)
    return list(HoldRule.objects.filter(lasting, lifted_at=None).order_by("pk"))


def _rule(row: HoldRule) -> orders.HoldRule | None:
    """A rule of another version that can't be read is left out, and said; the others hold."""
    try:
        return orders.HoldRule(
            id=row.rule_id,
            filter=row.wanted,
            by=row.author,
            reason=row.reason,
            at=row.created_at.timestamp(),
            expires_at=row.expires_at.timestamp() if row.expires_at else 0.0,
        )
    except BadFilter as error:
        log.error("hold_rule.unreadable", rule=row.pk, reason=str(error))
        return None
