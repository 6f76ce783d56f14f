"""Put a draft onto the head, where something was published after it began."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from enum import StrEnum

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.refusals import Conflict
from mailconsole.changes.services.ground import (
    changes_of,
    go,
    locked,
    note,
    require,
    require_author,
    void_reviews,
)
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.states import Arrow
from transport.config.diff import ObjectChange, as_json, objects_of
from transport.config.document import MailFlow
from transport.config.merge import Conflict as FieldConflict
from transport.config.merge import merge_changes


class Side(StrEnum):
    """Whose word counts where both changed the same field."""

    DRAFT = "draft"
    HEAD = "head"


@transaction.atomic
def bring_up_to_date(
    *, change: Change, actor: User, now: datetime, prefer: Side | None = None, request: HttpRequest | None = None
) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState, and Conflict where sides differ and none is preferred."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    head = head_revision()
    document = load_document(head)
    items = changes_of(change)
    merged = merge_changes(items, head=document)
    if merged.conflicts and prefer is None:
        raise Conflict(merged.conflicts)
    if merged.conflicts:
        items = tuple(_settled(one, merged.conflicts, document, prefer) for one in items)
        merged = merge_changes(items, head=document)
    _replace_items(change, merged.changes, now)
    Change.objects.filter(pk=change.pk).update(base=head)
    void_reviews(change)
    settled = f", conflicts settled for the {prefer}" if prefer else ""
    note(actor, Arrow.EDIT.past, change, f"Brought up to date with revision {head}{settled}", now=now, request=request)
    return locked(change)


def _settled(
    item: ObjectChange, conflicts: tuple[FieldConflict, ...], head: MailFlow, prefer: Side | None
) -> ObjectChange:
    """The item without its conflicts: seen from the head, one side's values in the fields that clashed."""
    mine = [one for one in conflicts if (one.kind, one.object_id) == (item.kind, item.object_id)]
    if not mine:
        return item
    there = objects_of(head, item.kind).get(item.object_id)
    now = as_json(there) if there is not None else None
    if any(one.field == "" for one in mine) or item.after is None or now is None or item.before is None:
        return replace(item, before=now, after=item.after if prefer is Side.DRAFT else now)
    ours = {field: value for field, value in item.after.items() if value != item.before.get(field)}
    if prefer is Side.HEAD:
        ours = {field: value for field, value in ours.items() if field not in {one.field for one in mine}}
    return replace(item, before=now, after=now | ours)


def _replace_items(change: Change, items: tuple[ObjectChange, ...], now: datetime) -> None:
    ChangeItem.objects.filter(change=change).delete()
    ChangeItem.objects.bulk_create(
        ChangeItem(
            change=change, kind=one.kind, object_id=one.object_id, before=one.before, after=one.after, staged_at=now
        )
        for one in items
    )
