"""The way from an attempt that was recorded to Explain, where the form comes filled in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from django.urls import reverse
from django.utils import timezone

from mailconsole.changes.services.explanation import Question
from transport.rules.listings_recalled import Recalling

RECORDED = "recorded"
"""The choice of Explain that takes the answers of lists in DNS from a trail."""


@dataclass(frozen=True, slots=True)
class Decided:
    """When and under which revision it was decided, and the rows of the trail."""

    at: datetime
    revision: int
    trail: Sequence[Sequence[Any]] = ()


def explain_link(
    question: Question, decided: Decided | None = None, *, at: datetime | None = None, refusal: int | None = None
) -> str:
    """Explain with this attempt; as it was decided, else under what is in effect, ``at`` that time or this moment.
    ``refusal`` is the key of what was answered then."""
    said = {
        "peer": question.peer,
        "binding": question.binding,
        "helo": question.helo,
        "sender": question.sender,
        "recipient": question.recipient,
        "identity": question.identity,
        "is_tls": "on" if question.is_tls else "",
        "certificate": question.certificate,
        "size_kb": str(-(-question.size_bytes // 1024) or ""),
        "size_bytes": str(question.size_bytes or ""),
        "header": question.header,
        "at": _local(at) if at is not None else "",
        "refusal": str(refusal or ""),
        **(_then(decided) if decided is not None else {}),
    }
    return f"{reverse('tools:explain')}?{urlencode({name: value for name, value in said.items() if value})}"


def _then(decided: Decided) -> dict[str, str]:
    rows = [list(row) for row in decided.trail if Recalling([row])]
    lists = {"lists": RECORDED, "listings": json.dumps(rows, separators=(",", ":"))} if rows else {}
    return {"at": _local(decided.at), "under": f"r{decided.revision}", **lists}


def _local(at: datetime) -> str:
    """As the form takes it."""
    return timezone.localtime(at).replace(tzinfo=None).isoformat(timespec="seconds")
