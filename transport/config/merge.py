"""Three-way merge: changes made against one document, brought onto a later one, per object and field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from transport.config.diff import Json, ObjectChange, apply, as_json, diff, object_of
from transport.config.document import MailFlow

WHOLE_OBJECT = ""


@dataclass(frozen=True, slots=True)
class Conflict:
    """Both sides changed the same thing, differently. ``field`` is empty where the object itself came or went."""

    kind: str
    object_id: str
    name: str
    field: str
    base: Any
    head: Any
    draft: Any


@dataclass(frozen=True, slots=True)
class Merge:
    """``document`` is the head with the changes on it, None where there are conflicts; ``changes`` lead to it."""

    document: MailFlow | None
    changes: tuple[ObjectChange, ...]
    conflicts: tuple[Conflict, ...]


def merge(*, base: MailFlow, head: MailFlow, draft: MailFlow) -> Merge:
    """Bring onto ``head`` what ``draft`` changed since ``base``. Raises pydantic.ValidationError."""
    return merge_changes(diff(base, draft), head=head)


def merge_changes(changes: Iterable[ObjectChange], *, head: MailFlow) -> Merge:
    """Bring the changes onto ``head``; ``before`` of each is its base. Raises pydantic.ValidationError.

    The result may break a rule across objects that each side kept: validate it.
    """
    merged: list[ObjectChange] = []
    conflicts: list[Conflict] = []
    for change in changes:
        item = object_of(head, change.kind, change.object_id)
        result, trouble = _merge_one(change, as_json(item) if item is not None else None)
        merged += [result] if result is not None else []
        conflicts += trouble
    if conflicts:
        return Merge(None, tuple(merged), tuple(conflicts))
    return Merge(apply(merged, head), tuple(merged), ())


def _merge_one(change: ObjectChange, head: Json | None) -> tuple[ObjectChange | None, list[Conflict]]:
    """The change as it is against the head, None where the head has it already."""
    if change.after == head:
        return None, []
    if change.before == head:
        return change, []
    if change.before is None or change.after is None or head is None:
        return None, [_conflict(change, WHOLE_OBJECT, change.before, head, change.after)]
    return _merge_fields(change, change.before, head, change.after)


def _merge_fields(
    change: ObjectChange, base: Json, head: Json, draft: Json
) -> tuple[ObjectChange | None, list[Conflict]]:
    merged, conflicts = dict(head), []
    for field in draft:
        ours, theirs, was = draft[field], head.get(field), base.get(field)
        if ours == was:
            continue
        if theirs not in (was, ours):
            conflicts.append(_conflict(change, field, was, theirs, ours))
        merged[field] = ours
    if conflicts or merged == head:
        return None, conflicts
    return replace(change, before=head, after=merged), []


def _conflict(change: ObjectChange, field: str, base: Any, head: Any, draft: Any) -> Conflict:
    return Conflict(change.kind, change.object_id, change.name, field, base, head, draft)
