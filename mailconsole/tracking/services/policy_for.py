"""Which relay policy would have admitted a refused attempt: as narrow as the attempt was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from mailconsole.common.templatetags.words import wire
from mailconsole.tracking.models import Refusal
from transport.model.verdict import Stage

GRANTED_FOR = timedelta(days=365)
NULL_SENDER = "Disabled: it was the null sender. Name its senders, as none would mean any."


def policy_for(refusal: Refusal, *, owner: str, now: datetime) -> dict[str, Any] | None:
    """Its fields, for a year; None where none would help: only what was said of a recipient can lead to a policy."""
    if refusal.stage != Stage.RCPT or not refusal.recipient_domain:
        return None
    day = f"{refusal.received_at:%Y-%m-%d}"
    kept_off = {} if refusal.sender_domain else {"is_enabled": False, "comment": NULL_SENDER}
    return kept_off | {
        "name": wire(f"Let {refusal.peer} relay to {refusal.recipient_domain}")[:64],
        "networks": [refusal.peer],
        "identities": [refusal.identity] if refusal.identity else [],
        "sender_addresses": [refusal.sender_domain] if refusal.sender_domain else [],
        "recipient_addresses": [refusal.recipient_domain],
        "is_tls_required": bool(refusal.tls),
        "owner": owner,
        "purpose": wire(f"Asked for after {refusal.helo or refusal.peer} was refused on {day}"),
        "expires_at": (now + GRANTED_FOR).isoformat(timespec="minutes"),
    }
