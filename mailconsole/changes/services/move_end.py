"""Move the end of a change that is in effect: an earlier one at once, a later one or none by a change of its own."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.moments import refuse_far
from mailconsole.changes.refusals import BadTime, NothingToEnd, ReasonMissing
from mailconsole.changes.services.ground import changes_of, locked, note, require, require_reach
from mailconsole.changes.services.open_change import open_change


@transaction.atomic
def shorten_change(
    *, change: Change, actor: User, ends_at: datetime, reason: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """An operator, or its author who is an editor still and reaches it, ends it earlier than was approved; a time that
    has passed means now.

    Raises NotAllowed, OutOfReach, NothingToEnd, ReasonMissing, BadTime.
    """
    change = locked(change)
    require(actor, Role.EDITOR if change.author_id == actor.pk and not _is_operator(actor) else Role.OPERATOR)
    if not _is_operator(actor):
        require_reach(actor, Role.EDITOR, changes_of(change))
    _require_end(change)
    if not reason.strip():
        raise ReasonMissing("Say why it ends earlier: whoever relies on it reads it.")
    if change.ends_at is None or ends_at >= change.ends_at:
        raise BadTime("That is no earlier than it ends already: a later end needs a change of its own.")
    before, ends_at = change.ends_at, max(ends_at, now)
    Change.objects.filter(pk=change.pk).update(ends_at=ends_at, updated_at=now)
    words = f"“{change.title}” ends on {ends_at:%Y-%m-%d %H:%M} UTC already"
    note(actor, "shortened", change, words, now=now, request=request, reason=reason.strip(),
         before={"ends_at": before.isoformat()}, after={"ends_at": ends_at.isoformat()})  # fmt: skip
    return locked(change)


@transaction.atomic
def prolong_change(
    *,
    change: Change,
    actor: User,
    until: datetime | None,
    reason: str,
    now: datetime,
    request: HttpRequest | None = None,
) -> Change:
    """A draft that gives it a later end, or none; it needs the approvals that the change itself needed.

    Raises NotAllowed, OutOfReach, NothingToEnd, ReasonMissing, BadTime.
    """
    require(actor, Role.EDITOR)
    change = locked(change)
    _require_end(change)
    require_reach(actor, Role.EDITOR, changes_of(change))
    if not reason.strip():
        raise ReasonMissing("Say why it has to stay: whoever approves it reads it.")
    if until is not None and (change.ends_at is None or until <= change.ends_at):
        raise BadTime("That is no later than it ends already.")
    if until is not None:
        refuse_far(until, now=now)
    title = f"Keep “{change.title}” " + (f"until {until:%Y-%m-%d %H:%M} UTC" if until else "for good")
    draft = open_change(author=actor, now=now, title=title, reason=reason, ticket=change.ticket, request=request)
    Change.objects.filter(pk=draft.pk).update(prolongs=change, prolonged_to=until)
    return locked(draft)


def _is_operator(actor: User) -> bool:
    return Role.OPERATOR.value in actor.role_names


def _require_end(change: Change) -> None:
    if not change.is_to_end:
        raise NothingToEnd(f"“{change.title}” is not in effect for a time only.")
