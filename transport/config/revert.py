"""Take changes back that were made to a document, as far as nothing else changed the same since. Values, no words."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from transport.config.diff import Json, ObjectChange, as_json, objects_of
from transport.config.document import MailFlow
from transport.config.merge import WHOLE_OBJECT, Conflict


@dataclass(frozen=True, slots=True)
class Reverted:
    """``changes`` lead from the document to one without what was done; ``kept`` is what others changed since."""

    changes: tuple[ObjectChange, ...]
    kept: tuple[Conflict, ...]


def revert(done: Iterable[ObjectChange], *, document: MailFlow) -> Reverted:
    """``done`` are changes that led to an earlier state of ``document``; what is as before already is left alone."""
    changes: list[ObjectChange] = []
    kept: list[Conflict] = []
    for one in done:
        item = objects_of(document, one.kind).get(one.object_id)
        there = as_json(item) if item is not None else None
        wanted, conflicts = _without(one, there)
        kept += conflicts
        if wanted != there:
            changes.append(replace(one, before=there, after=wanted))
    return Reverted(tuple(changes), tuple(kept))


def _without(done: ObjectChange, there: Json | None) -> tuple[Json | None, list[Conflict]]:
    if there in (done.after, done.before):
        return done.before, []
    if there is None or done.before is None or done.after is None:
        return there, [Conflict(done.kind, done.object_id, done.name, WHOLE_OBJECT, done.before, there, done.after)]
    wanted, conflicts = dict(there), []
    for field in done.fields:
        if there.get(field.field) == field.after:
            wanted[field.field] = field.before
        elif there.get(field.field) != field.before:
            conflicts.append(Conflict(done.kind, done.object_id, done.name, field.field, field.before,
                                      there.get(field.field), field.after))  # fmt: skip
    return wanted, conflicts
