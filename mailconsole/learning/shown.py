"""What was learned, for programs: the same on the command line and over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from mailconsole.learning.services.learned import Learned, Learning
from mailconsole.learning.services.observe import SAMPLE
from mailconsole.tracking.models import Refusal


def learning_json(found: Learning, *, now: datetime) -> dict[str, Any]:
    window, lesson = found.window, found.lesson
    return {
        "connector_id": window.connector_id,
        "begins_at": window.begins_at.isoformat(),
        "ends_at": window.ends_at.isoformat(),
        "is_open": window.is_open(now),
        "started_by": window.started_by.username,
        "messages": lesson.observed.messages,
        "refusals": lesson.observed.refusals,
        "is_cut_at": SAMPLE if lesson.observed.is_cut else None,
        "clients_to_own_domains_only": lesson.others,
        "candidates": [learned_json(one) for one in lesson.learned],
    }


def learned_json(one: Learned) -> dict[str, Any]:
    seen = one.candidate
    return {
        "key": one.key,
        "networks": list(seen.networks),
        "suggested_networks": list(seen.suggested),
        "sender_domains": list(seen.sender_domains),
        "recipient_domains": list(seen.recipient_domains),
        "recipients": seen.relayed,
        "identities": list(seen.identities),
        "is_tls_always": seen.is_tls_always,
        "is_refused": seen.is_refused,
        "admitted_by": one.admitted_by,
        "last_at": one.last_at.isoformat() if one.last_at else None,
    }


def refusal_json(one: Refusal) -> dict[str, Any]:
    names = ("peer", "helo", "identity", "tls", "connector_id", "sender", "recipient", "reply", "reason")
    return {"id": one.pk, "received_at": one.received_at.isoformat()} | {name: getattr(one, name) for name in names}
