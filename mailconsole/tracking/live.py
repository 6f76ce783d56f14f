"""The live regions of the trace: cards of rates, top refusals, recent failures, the chart's last minutes."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime, timedelta

from mailconsole.nodes.live.rates import read_rates
from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.snapshots import Live
from mailconsole.tracking.models import NOT_DELIVERED, AuditedMessage, Message, MessageRecipient, Refusal
from mailconsole.tracking.services.refusals import RefusalQuery, group_refusals
from mailconsole.tracking.services.throughput import SERIES, throughput
from mailconsole.tracking.states import MessageStatus, RecipientState, Severity

CARDS = (
    ("accepted", "Accepted", "mail-down", "info", "messages/min"),
    ("delivered", "Delivered", "send", "good", "recipients/min"),
    ("deferred", "Deferred", "clock-pause", "warn", "attempts/min"),
    ("refused", "Refused", "shield-x", "bad", "commands/min"),
)
SPARK = timedelta(minutes=60)
TOP_WITHIN = timedelta(hours=24)
TOP_SIZE = 5
GRAVE_COUNTED = 1000
TAIL = timedelta(minutes=5)


def traffic_cards(live: Live, now: datetime) -> list[Piece]:
    """Rates over the last minute, and the last hour as a line."""
    rates = read_rates()
    past = throughput(now=now, length=SPARK)
    return [
        piece(
            name,
            "tracking/_card.html",
            label=label,
            icon_name=icon_name,
            tone=tone,
            unit=unit,
            rate=getattr(rates, name),
            values=past.values[name][:-1],
        )
        for name, label, icon_name, tone, unit in CARDS
    ]


def grave_messages(live: Live, now: datetime) -> list[Piece]:
    """That there are messages which fit rules of the audit severity High; nothing where there are none."""
    grave = AuditedMessage.objects.filter(severity=Severity.HIGH, received_at__gte=now - TOP_WITHIN)
    count = len(grave.values_list("pk")[: GRAVE_COUNTED + 1])
    if not count:
        return []
    is_more = count > GRAVE_COUNTED
    return [piece("high", "tracking/_grave.html", count=min(count, GRAVE_COUNTED), is_more=is_more)]


def top_refusals(live: Live, now: datetime) -> list[Piece]:
    """Who was refused most in the last day, and why."""
    groups = group_refusals(RefusalQuery(since=now - TOP_WITHIN), size=TOP_SIZE)
    if not groups:
        return [piece("none", "tracking/_nothing.html", text="Nobody was refused in the last 24 hours.")]
    return [piece(_group_key(one.last), "tracking/_top_refusal.html", group=one) for one in groups]


def _group_key(last: Refusal) -> str:
    """What the group has in common, as a name that is no wire text."""
    common = (last.peer, last.reply, last.sender_domain, last.recipient_domain)
    return hashlib.sha256("\n".join(common).encode()).hexdigest()[:16]


def recent_failures(live: Live, now: datetime) -> list[Piece]:
    """The last recipients that were given up."""
    failed = Message.objects.filter(
        NOT_DELIVERED, status__in=[MessageStatus.FAILED, MessageStatus.PARTLY_FAILED], received_at__gte=now - TOP_WITHIN
    )
    keys = list(failed.order_by("-received_at").values_list("pk", flat=True)[:TOP_SIZE])
    found = MessageRecipient.objects.filter(message_id__in=keys, state=RecipientState.FAILED)
    rows = found.select_related("message__node").order_by("-updated_at")[:TOP_SIZE]
    if not rows:
        return [piece("none", "tracking/_nothing.html", text="Nothing was given up in the last 24 hours.")]
    return [piece(str(row.pk), "tracking/_failure.html", recipient=row) for row in rows]


def throughput_tail(live: Live, now: datetime) -> list[Piece]:
    """The chart's last minutes, for pages that hold the rest."""
    tail = throughput(now=now, length=TAIL)
    data = {"times": [int(at.timestamp()) for at in tail.times], "values": [tail.values[name] for name in SERIES]}
    return [piece("tail", "tracking/_tail.html", data=json.dumps(data))]
