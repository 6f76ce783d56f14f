"""Say something about a change, or about one of its items; those who take part in it are told."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem, Comment
from mailconsole.changes.refusals import NoSuchObject, ReasonMissing
from mailconsole.changes.services.ground import note, require
from mailconsole.changes.services.tell import tell
from mailconsole.changes.states import News
from transport.config.diff import name_of
from transport.config.words import KIND_LABELS

MAX_LENGTH = 5000


@transaction.atomic
def comment_on_change(
    *,
    change: Change,
    actor: User,
    text: str,
    now: datetime,
    kind: str = "",
    object_id: str = "",
    request: HttpRequest | None = None,
) -> Comment:
    """Editors and reviewers do. Raises NotAllowed, ReasonMissing, NoSuchObject."""
    if Role.REVIEWER.value not in actor.role_names:
        require(actor, Role.EDITOR)
    if not text.strip():
        raise ReasonMissing("The comment is empty.")
    about = f"“{change.title}”"
    if kind or object_id:
        about = f"{_item_name(change, kind, object_id)} of {about}"
    comment = Comment.objects.create(
        change=change, author=actor, text=text.strip()[:MAX_LENGTH], kind=kind, object_id=object_id, created_at=now
    )
    note(actor, "commented", change, f"Commented on {about}", now=now, request=request, reason=comment.text)
    tell(
        News.COMMENTED, change, _taking_part(change), f"{actor} commented on {about}: {comment.text}", by=actor, now=now
    )
    return comment


def _item_name(change: Change, kind: str, object_id: str) -> str:
    """Raises NoSuchObject."""
    item = ChangeItem.objects.filter(change=change, kind=kind, object_id=object_id).first()
    if item is None:
        raise NoSuchObject("This is not an item of the change any more.")
    return f"{KIND_LABELS[kind]} {name_of(kind, item.after or item.before or {}, object_id)}"


def _taking_part(change: Change) -> list[User]:
    """Its author, and everybody who said something about it."""
    said = User.objects.filter(pk__in=[*change.comments.values_list("author", flat=True),
                                       *change.reviews.values_list("reviewer", flat=True)])  # fmt: skip
    return [change.author, *said]
