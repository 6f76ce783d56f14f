"""What every verb stands on: the change locked, the person allowed, the arrow in the table, the act in the audit."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.borrowed import borrowed
from mailconsole.changes.models import Change, ChangeItem, Notice
from mailconsole.changes.reach import out_of_reach, words_of
from mailconsole.changes.refusals import DigestMoved, NotAllowed, NotYourChange, OutOfReach, WrongState
from mailconsole.changes.states import TRANSITIONS, Arrow, News
from transport.config.diff import ObjectChange
from transport.config.document import SECTIONS


def require(actor: User, role: Role) -> None:
    """Raises NotAllowed."""
    if not actor.is_active or role.value not in actor.role_names:
        raise NotAllowed(f"This needs the role {role.value}: {role.sentence}")


def require_reach(actor: User, role: Role, changes: Iterable[ObjectChange]) -> None:
    """Raises OutOfReach where the person's role is limited, and one of these, or whose secret it names, is beyond."""
    limit = actor.limit_of(role)
    if limit is None:
        return
    changes = tuple(changes)
    said = f"{actor}'s role {role.value} is limited to {limit.sentence}"
    beyond = out_of_reach(limit, changes)
    if beyond is not None:
        raise OutOfReach(f"{said}: {words_of(beyond)} is not within that.")
    owner = borrowed(limit, changes) if role is Role.EDITOR else None
    if owner is not None:
        raise OutOfReach(f"{said}: the secret that it names is that of {words_of(owner)}, which is not within that.")


def may_reach(actor: User, role: Role, changes: Iterable[ObjectChange]) -> bool:
    """Whether the role, where it is limited, reaches all of these."""
    limit = actor.limit_of(role)
    return limit is None or out_of_reach(limit, changes) is None


def require_author(change: Change, actor: User) -> None:
    """Raises NotYourChange: who edits a change is its author, so that approving it is never approving one's own."""
    if change.author_id != actor.pk:
        raise NotYourChange(f"“{change.title}” is {change.author}'s change: only they edit, submit and withdraw it.")


def has_written(change: Change, user: User) -> bool:
    """Whether any of it is theirs: the author's, or somebody's from whom the author took it over."""
    return change.author_id == user.pk or change.former_authors.filter(pk=user.pk).exists()


def locked(change: Change) -> Change:
    """The change as it is now, its row locked until the transaction ends (SQLite: the whole database is)."""
    return Change.objects.select_for_update(of=("self",)).select_related("author", "base").get(pk=change.pk)


def check_arrow(change: Change, arrow: Arrow) -> None:
    """Raises WrongState where the table has no such arrow from the change's state."""
    if change.status not in TRANSITIONS[arrow]:
        raise WrongState(f"“{change.title}” is {change.status.label.lower()}: {change.status.sentence}")


def go(change: Change, arrow: Arrow, *, now: datetime, **fields: Any) -> None:
    """Follow the arrow. Raises WrongState."""
    check_arrow(change, arrow)
    target = TRANSITIONS[arrow][change.status]
    values = {"state": target.value, "updated_at": now, **fields}
    # Two clicks at once: the row is locked on PostgreSQL; the condition holds it wherever it is not.
    if not Change.objects.filter(pk=change.pk, state=change.state).update(**values):
        raise WrongState(f"Somebody else just changed “{change.title}”: reload the page.")
    for name, value in values.items():
        setattr(change, name, value)


def changes_of(change: Change) -> tuple[ObjectChange, ...]:
    """The items as values, in the order of the document."""
    items = [ObjectChange(item.kind, item.object_id, item.before, item.after) for item in _items(change)]
    return tuple(sorted(items, key=lambda item: (SECTIONS.index(item.kind), item.object_id)))


def prolonged_by(change: Change) -> tuple[ObjectChange, ...]:
    """What stays in effect because it moves another change's end."""
    return changes_of(change.prolongs) if change.prolongs is not None else ()


def concerned_by(change: Change) -> tuple[ObjectChange, ...]:
    """What whoever decides about it has to be allowed to decide: its items, and what it keeps in effect."""
    return (*changes_of(change), *prolonged_by(change))


def _items(change: Change) -> list[ChangeItem]:
    return list(ChangeItem.objects.filter(change=change))


def digest_of(change: Change) -> str:
    """What an approval is given for: SHA-256 over the items, their bases included, and its end."""
    items: list[Any] = [[one.kind, one.object_id, one.before, one.after] for one in changes_of(change)]
    if change.expires_at is not None:
        items.append(["expires_at", change.expires_at.isoformat()])
    if change.prolongs_id is not None:
        until = change.prolonged_to.isoformat() if change.prolonged_to is not None else None
        items.append(["prolongs", change.prolongs_id, until])
    return hashlib.sha256(json.dumps(items, sort_keys=True, separators=(",", ":")).encode()).hexdigest()


def seal_of(change: Change) -> dict[str, str]:
    """What the audit keeps of all of a change at once, before or after an act."""
    return {"digest": digest_of(change)}


def check_digest(change: Change, seen: str) -> None:
    """Raises DigestMoved where the person saw something else than what is there."""
    if seen != digest_of(change):
        raise DigestMoved(f"“{change.title}” was edited after you opened it: look at it again.")


def void_reviews(change: Change) -> None:
    """An edit after approval voids it (design.md), and the time at which it would have been published."""
    change.reviews.filter(is_void=False).update(is_void=True)
    Change.objects.filter(pk=change.pk).update(publish_at=None, scheduled_by=None, schedule_problem="")
    # Who was asked for a review and has not looked at it yet need not any more.
    asked = Notice.objects.filter(change=change, news=News.REVIEW_WANTED, read_at=None)
    asked.update(read_at=change.updated_at)


def note(
    actor: User | None,
    action: str,
    change: Change,
    summary: str,
    *,
    now: datetime,
    request: HttpRequest | None,
    reason: str = "",
    before: Any = None,
    after: Any = None,
) -> None:
    """One audit row about a change, in the caller's transaction."""
    audit.record(
        actor=actor,
        action=f"change.{action}",
        object_kind="change",
        object_id=str(change.pk),
        summary=summary,
        before=before,
        after=after,
        reason=reason,
        request=request,
        now=now,
    )
