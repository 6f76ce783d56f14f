"""The rule for addresses that more than one object claims."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction
from django.http import HttpRequest

from directory.snapshot_schema import ConflictRule
from mailconsole.audit import services as audit
from mailconsole.recipients.models import DirectoryRules
from mailconsole.recipients.services.snapshot import refresh_snapshot


def choose_conflict_rule(*, rule: ConflictRule, actor: Any, now: datetime, request: HttpRequest | None = None) -> None:
    """From the next look-up file on, which is made at once. Raises OSError."""
    with transaction.atomic():
        before = DirectoryRules.current().conflict_rule
        DirectoryRules.objects.update_or_create(pk=1, defaults={"conflict_rule": rule.value})
        audit.record(
            actor=actor, action="directory_rules.update", object_kind="directory_rules", object_id="1",
            summary=f"Addresses that two objects claim: {rule.label.lower()}", request=request,
            before={"conflict_rule": before}, after={"conflict_rule": rule.value},
        )  # fmt: skip
    refresh_snapshot(now=now)
