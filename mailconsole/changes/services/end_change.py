"""Take a change back at the end that was approved with it, as far as nobody changed the same since."""

from __future__ import annotations

from datetime import datetime

import structlog
from django.db import transaction

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.refusals import NothingToEnd
from mailconsole.changes.services.ground import locked, note
from mailconsole.changes.services.publish_change import put_into_effect
from mailconsole.changes.services.revisions import head_revision, load_document, lock_head
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import Arrow, News, Way
from mailconsole.common.refusals import Refusal
from transport.config.diff import diff
from transport.config.merge import Conflict
from transport.config.revert import Reverted, revert
from transport.config.words import KIND_LABELS

log = structlog.get_logger(__name__)


def end_due(*, change: Change, now: datetime) -> Change | None:
    """The restoring change. What keeps it from being published is kept where people see it, and tried again."""
    try:
        return end_change(change=change, now=now)
    except NothingToEnd:
        return None  # somebody moved its end meanwhile, or another beat was quicker
    except Refusal as refusal:
        _tell(change, f"It could not be taken back: {refusal}", now)
        return None


@transaction.atomic
def end_change(*, change: Change, now: datetime) -> Change | None:
    """None where nothing of it was left to take back. Raises NothingToEnd, InvalidDocument."""
    lock_head()  # before the change: publishing what moves its end locks the head, then this change
    change = locked(change)
    if not change.is_to_end or change.ends_at is None or change.ends_at > now:
        raise NothingToEnd(f"“{change.title}” is not at its end.")
    taken = what_is_taken_back(change)
    restoring = _publish(change, taken, now) if taken.changes else None
    problem = _kept_words(taken.kept)
    Change.objects.filter(pk=change.pk).update(ended_at=now, end_problem=problem, updated_at=now)
    words = f"“{change.title}” ended." + (f" {problem}" if problem else "")
    tell(News.END_FAILED if problem else News.ENDED, change, _concerned(change), words, now=now)
    after = {"restored_by": restoring.pk} if restoring is not None else None
    note(None, "ended", change, words, now=now, request=None, after=after)
    return restoring


def what_is_taken_back(change: Change) -> Reverted:
    """What the end would take back at this moment, and what it would leave."""
    revision = change.revision
    assert revision.parent is not None  # the first revision is of no change
    done = diff(load_document(revision.parent), load_document(revision))
    return revert(done, document=load_document(head_revision()))


def _publish(change: Change, taken: Reverted, now: datetime) -> Change:
    restoring = Change.objects.create(
        title=f"End of “{change.title}”"[:200],
        reason=f"It was approved with change {change.pk} that it ends by itself.",
        ticket=change.ticket,
        author=change.author,
        base=head_revision(),
        created_at=now,
        updated_at=now,
        restores=change,
    )
    ChangeItem.objects.bulk_create(
        ChangeItem(change=restoring, kind=one.kind, object_id=one.object_id, before=one.before, after=one.after,
                   staged_at=now)
        for one in taken.changes
    )  # fmt: skip
    put_into_effect(restoring, actor=None, arrow=Arrow.END, way=Way.ENDED, now=now, request=None)
    return restoring


def _concerned(change: Change) -> list[User]:
    """Its author, and whoever published it."""
    publisher = change.revision.published_by
    return [change.author, *([publisher] if publisher is not None else [])]


def _kept_words(kept: tuple[Conflict, ...]) -> str:
    """What stays because somebody else changed it since: told, never forced."""
    if not kept:
        return ""
    named = [f"{KIND_LABELS[one.kind]} {one.name}" + (f" ({one.field})" if one.field else "") for one in kept[:5]]
    more = f" and {len(kept) - 5} more" if len(kept) > 5 else ""
    return f"Changed by others since, so it was left as it is: {', '.join(named)}{more}."


@transaction.atomic
def _tell(change: Change, problem: str, now: datetime) -> None:
    """Once for each reason, however often it is tried."""
    if (
        Change.objects.filter(pk=change.pk, ended_at=None)
        .exclude(end_problem=problem)
        .update(end_problem=problem, updated_at=now)
    ):
        tell(News.END_FAILED, change, _concerned(change), f"“{change.title}”: {problem}", now=now)
        note(None, "end_failed", change, f"“{change.title}”: {problem}", now=now, request=None)
        log.warning("change.end_failed", change=change.pk)
