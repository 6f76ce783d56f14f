"""How the audit is read beyond its list: who may, what narrows it, all that is said of an entry.

Everybody who may see pages may see what was done: a team is open. From which address, in which request, where the audit
is sent, a copy of it and the proof that it is whole are the auditor's.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q, QuerySet

from mailconsole.accounts.access import check_role, user_has_role
from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.accounts.scopes import Scope
from mailconsole.audit.chain import CHAINED_FIELDS, ChainCheck
from mailconsole.audit.models import AuditEntry, AuditExport
from mailconsole.audit.services import verify_chain
from mailconsole.common.export import MAX_ROWS
from mailconsole.common.refusals import Refusal

COLUMNS = (*CHAINED_FIELDS, "previous_digest", "digest")
"""All that the chain is made of: who has a copy can check it."""


class TooManyEntries(Refusal):
    """A copy that ends somewhere without a word would look whole."""


@dataclass(frozen=True, slots=True)
class Query:
    """What narrows the audit; each that is empty does not. Days are of the console's time zone."""

    words: str = ""
    actor: str = ""
    kind: str = ""
    object_id: str = ""
    action: str = ""
    since: date | None = None
    until: date | None = None
    after: int | None = None
    before: int | None = None

    def entries(self) -> QuerySet[AuditEntry]:
        """The newest first."""
        found = AuditEntry.objects.all()
        for word in self.words.split():
            found = found.filter(Q(summary__icontains=word) | Q(reason__icontains=word) | Q(object_id__icontains=word))
        exact = {"actor_name": self.actor, "object_kind": self.kind, "object_id": self.object_id, "action": self.action}
        found = found.filter(**{name: value for name, value in exact.items() if value})
        bounds = {"at__date__gte": self.since, "at__date__lte": self.until, "number__gt": self.after,
                  "number__lt": self.before}  # fmt: skip
        return found.filter(**{name: value for name, value in bounds.items() if value is not None})


def may_read_whole(user: Any) -> bool:
    return user_has_role(user, Role.AUDITOR) or (isinstance(user, User) and Scope.AUDIT_READ.value in user.role_names)


def check_may_read(user: Any) -> None:
    """Raises RoleRequired."""
    if not may_read_whole(user):
        check_role(user, Role.AUDITOR)


def find_entries(*, actor: User, query: Query, limit: int, is_oldest_first: bool = False) -> list[dict[str, Any]]:
    """Raises RoleRequired."""
    check_may_read(actor)
    ordered = query.entries().order_by("number" if is_oldest_first else "-number")
    return [_row(values) for values in ordered.values(*COLUMNS)[:limit]]


def export_entries(*, actor: User, entries: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    """All of them, the newest first. Raises RoleRequired, TooManyEntries."""
    check_may_read(actor)
    if entries[MAX_ROWS : MAX_ROWS + 1].exists():
        raise TooManyEntries(
            f"More than {MAX_ROWS:,} entries match: choose a shorter time, or take them with ./console audit export."
        )
    return rows_of(entries)


def rows_of(entries: QuerySet[AuditEntry]) -> Iterator[dict[str, Any]]:
    """For who has the database at hand: nobody is asked, nothing is bounded."""
    return map(_row, entries.values(*COLUMNS).iterator(chunk_size=500))


def check_chain(*, actor: User) -> ChainCheck:
    """Raises RoleRequired."""
    check_may_read(actor)
    return verify_chain()


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Where the audit is sent as syslog; ``export`` is missing until a worker began."""

    target: str
    export: AuditExport | None
    waiting: int


def forwarding() -> Forwarding | None:
    target = settings.AUDIT_SYSLOG
    if target is None:
        return None
    export = AuditExport.objects.filter(target=str(target)[:300]).first()
    waiting = AuditEntry.objects.filter(number__gt=export.number if export is not None else 0).count()
    return Forwarding(str(target), export, waiting)


def _row(values: dict[str, Any]) -> dict[str, Any]:
    """`at` as it was chained, to the microsecond."""
    at: datetime = values["at"]
    return values | {"at": at.astimezone(UTC).isoformat(timespec="microseconds")}
