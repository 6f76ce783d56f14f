"""Put a draft onto the head, where something was published after it began; conflicts are settled field by field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.http import HttpRequest
from pydantic import ValidationError

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.refusals import Conflict, DigestMoved, InvalidDocument, InvalidObject
from mailconsole.changes.services.ground import (
    changes_of,
    go,
    locked,
    note,
    require,
    require_author,
    seal_of,
    void_reviews,
)
from mailconsole.changes.services.plan import misfits_of
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_item import check_secret, errors_by_field
from mailconsole.changes.states import Arrow
from transport.config.diff import Json, ObjectChange, as_json, model_of, objects_of
from transport.config.document import MailFlow
from transport.config.merge import WHOLE_OBJECT, Merge, merge_changes
from transport.config.merge import Conflict as FieldConflict


class Side(StrEnum):
    """Whose word counts where both changed the same field."""

    DRAFT = "draft"
    HEAD = "head"
    BASE = "base"
    TYPED = "typed"


@dataclass(frozen=True, slots=True)
class Choice:
    """What counts in one field: a side's value, or ``value``, typed as the document has it."""

    side: Side
    value: Any = None


Key = tuple[str, str, str]
"""Section, identity and field of a conflict; no field for the object as a whole."""


@transaction.atomic
def bring_up_to_date(
    *,
    change: Change,
    actor: User,
    now: datetime,
    prefer: Side | None = None,
    choices: Mapping[Key, Choice] | None = None,
    seen_head: int | None = None,
    request: HttpRequest | None = None,
) -> Change:
    """``choices`` settle single conflicts, ``prefer`` all others. ``seen_head`` is the revision they were made against.

    Raises NotAllowed, NotYourChange, WrongState, Conflict for what nobody settled, DigestMoved where the head moved
    since, InvalidObject for a typed value that the object does not take, InvalidDocument.
    """
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    head = head_revision()
    document = load_document(head)
    items = changes_of(change)
    merged = _merged(items, document)
    if seen_head is not None and seen_head != head.number:
        raise DigestMoved(f"Revision {head} was published since you opened this page: look at the conflicts again.")
    chosen = _choices(merged.conflicts, choices or {}, prefer)
    if merged.conflicts:
        items = tuple(_settled(one, merged.conflicts, document, chosen) for one in items)
        merged = _merged(items, document)
    before = {"base": change.base.number, **seal_of(change)}
    _replace_items(change, merged.changes, now)
    Change.objects.filter(pk=change.pk).update(base=head)
    void_reviews(change)
    settled = f"; {_settled_words(chosen)}" if chosen else ""
    after = {"base": head.number, **seal_of(change)}
    words = f"Brought up to date with revision {head}{settled}"
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request, before=before, after=after)
    return locked(change)


def _merged(items: tuple[ObjectChange, ...], document: MailFlow) -> Merge:
    """Raises InvalidDocument where fields of both sides, each right alone, don't fit into one object."""
    try:
        return merge_changes(items, head=document)
    except ValidationError as error:
        raise InvalidDocument(misfits_of(items, document, error)) from None


def _choices(
    conflicts: tuple[FieldConflict, ...], choices: Mapping[Key, Choice], prefer: Side | None
) -> dict[Key, Choice]:
    """One for each conflict. Raises Conflict for those that have none."""
    chosen = dict(choices)
    if prefer is not None:
        chosen = {_key(one): Choice(prefer) for one in conflicts} | chosen
    open_ones = tuple(one for one in conflicts if _key(one) not in chosen)
    if open_ones:
        raise Conflict(open_ones)
    return {_key(one): chosen[_key(one)] for one in conflicts}


def _key(conflict: FieldConflict) -> Key:
    return conflict.kind, conflict.object_id, conflict.field


def _settled_words(chosen: Mapping[Key, Choice]) -> str:
    said = [f"{field or 'all'} of {object_id} as {choice.side}" for (_, object_id, field), choice in chosen.items()]
    return f"settled {', '.join(said[:10])}" + (f" and {len(said) - 10} more" if len(said) > 10 else "")


def _settled(
    item: ObjectChange, conflicts: tuple[FieldConflict, ...], head: MailFlow, chosen: Mapping[Key, Choice]
) -> ObjectChange:
    """The item without its conflicts: seen from the head, with what was chosen in the fields that clashed."""
    mine = [one for one in conflicts if (one.kind, one.object_id) == (item.kind, item.object_id)]
    if not mine:
        return item
    there = objects_of(head, item.kind).get(item.object_id)
    now = as_json(there) if there is not None else None
    whole = next((one for one in mine if one.field == WHOLE_OBJECT), None)
    if whole is not None or item.after is None or now is None or item.before is None:
        side = chosen[_key(mine[0])].side
        sides = {Side.DRAFT: item.after, Side.BASE: item.before}
        return replace(item, before=now, after=sides.get(side, now))
    ours = {field: value for field, value in item.after.items() if value != item.before.get(field)}
    ours |= {one.field: _value(one, chosen[_key(one)]) for one in mine}
    return replace(item, before=now, after=_checked(item.kind, now | ours))


def _value(conflict: FieldConflict, choice: Choice) -> Any:
    sides = {Side.DRAFT: conflict.draft, Side.HEAD: conflict.head, Side.BASE: conflict.base}
    return choice.value if choice.side is Side.TYPED else sides[choice.side]


def _checked(kind: str, value: Json) -> Json:
    """As the document has it. Raises InvalidObject, SecretNotStored."""
    try:
        checked = as_json(model_of(kind).model_validate(value))
    except ValidationError as error:
        raise InvalidObject(errors_by_field(error, value, kind)) from None
    check_secret(kind, checked)
    return checked


def _replace_items(change: Change, items: tuple[ObjectChange, ...], now: datetime) -> None:
    ChangeItem.objects.filter(change=change).delete()
    ChangeItem.objects.bulk_create(
        ChangeItem(
            change=change, kind=one.kind, object_id=one.object_id, before=one.before, after=one.after, staged_at=now
        )
        for one in items
    )
