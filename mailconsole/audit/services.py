"""`record` is the only way into the audit, `verify_chain` tells whether anybody took another."""

from __future__ import annotations

import json
import os
import pwd
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.db import transaction
from django.http import HttpRequest

from mailconsole.audit.chain import CHAINED_FIELDS, ChainCheck, entry_digest
from mailconsole.audit.models import AuditEntry, AuditHead
from mailconsole.common import storable
from mailconsole.common.middleware import request_id

SYSTEM = "system"
_terminal: ContextVar[str] = ContextVar("terminal", default="")


@contextmanager
def from_terminal() -> Iterator[None]:
    """What is recorded meanwhile came from a terminal of the machine, whose user may act in anybody's name."""
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # in a container nobody need have named it
        user = str(os.getuid())
    token = _terminal.set(f"a terminal of {user}"[:64])
    try:
        yield
    finally:
        _terminal.reset(token)


def record(
    *,
    actor: Any,
    action: str,
    object_kind: str,
    object_id: str,
    summary: str,
    before: Any = None,
    after: Any = None,
    reason: str = "",
    request: HttpRequest | None = None,
    now: datetime | None = None,
) -> AuditEntry:
    """Append one entry in the caller's transaction; `actor` is a person, or None for the system itself.

    `action` is `entity.verb`; `before` and `after` are JSON values without secrets.
    """
    with transaction.atomic():
        head = _locked_head()
        at = (now or datetime.now(UTC)).astimezone(UTC)
        fields = {
            "number": head.number + 1,
            "at": at.isoformat(timespec="microseconds"),
            "actor_name": actor.get_username() if actor is not None else SYSTEM,
            "actor_id": actor.pk if actor is not None else None,
            "action": action,
            "object_kind": object_kind,
            "object_id": storable.text(str(object_id)),
            "summary": storable.text(summary),
            "reason": storable.text(reason),
            "before": _plain(before),
            "after": _plain(after),
            "peer": request.META.get("REMOTE_ADDR", "") if request is not None else _terminal.get(),
            "request_id": request_id(request) if request is not None else "",
            "via": getattr(request, "acts_via", "")[:150],
        }
        digest = entry_digest(head.digest, fields)
        entry = AuditEntry(**{**fields, "at": at}, previous_digest=head.digest, digest=digest)
        entry.save(force_insert=True)
        AuditHead.objects.filter(pk=head.pk).update(number=entry.number, digest=digest)
        return entry


def count_since(*, actor: Any, action: str, since: datetime) -> int:
    """How often this person did it: what a limit needs."""
    return AuditEntry.objects.filter(actor_id=actor.pk, action=action, at__gte=since).count()


def has_happened(*, action: str, object_id: str, since: datetime) -> bool:
    """Whether it is in the audit already: what an entry that is made once needs."""
    return AuditEntry.objects.filter(action=action, object_id=object_id, at__gte=since).exists()


def verify_chain() -> ChainCheck:
    """Walk the chain from its beginning and compare every digest, every number, and its end, which is kept apart.

    Entries that are written meanwhile may be walked too or not.
    """
    end = _head()
    digest, number = "", 0
    rows = AuditEntry.objects.order_by("number").values(*CHAINED_FIELDS, "previous_digest", "digest")
    for row in rows.iterator(chunk_size=500):
        if row["number"] != number + 1:
            return ChainCheck(number, f"Entry {number + 1} is missing: the next one is {row['number']}.")
        if row["previous_digest"] != digest or row["digest"] != entry_digest(digest, _said(row)):
            return ChainCheck(number, f"Entry {row['number']} was changed after it was written.")
        digest, number = row["digest"], row["number"]
        if number == end.number and digest != end.digest:
            return ChainCheck(number - 1, f"Entry {number} is another than the one that was written.")
    if number < end.number:
        return ChainCheck(number, f"The chain ends at entry {number}, but entry {end.number} was written.")
    if number > _head().number:
        return ChainCheck(number, f"Entry {number} stands after the end of the chain, or the end is not kept any more.")
    return ChainCheck(number, "")


def _head() -> AuditHead:
    return AuditHead.objects.filter(pk=1).first() or AuditHead()


def _locked_head() -> AuditHead:
    """SQLite's BEGIN IMMEDIATE lets one writer in anyway; PostgreSQL waits at this row."""
    AuditHead.objects.get_or_create(pk=1)
    return AuditHead.objects.select_for_update().get(pk=1)


def _said(row: dict[str, Any]) -> dict[str, Any]:
    return row | {"at": row["at"].astimezone(UTC).isoformat(timespec="microseconds")}


def _plain(value: Any) -> Any:
    """Through JSON once, and without what PostgreSQL refuses: what is chained is what the database gives back."""
    return storable.value(json.loads(json.dumps(value, cls=DjangoJSONEncoder)))
