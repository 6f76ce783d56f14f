"""What differs between two documents, per object and field, and how to make one from the other. Values, no words."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from transport.config.document import LIST_KINDS, OBJECT_KINDS, SECTIONS, MailFlow, identity
from transport.config.objects import ConfigModel

ORGANIZATION = "organization"
Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, as JSON values; None in ``before`` of a new object and in ``after`` of a deleted one."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class ObjectChange:
    """One object of section ``kind``; ``before`` is None when it is new, ``after`` when it is deleted."""

    kind: str
    object_id: str
    before: Json | None
    after: Json | None

    @property
    def is_new(self) -> bool:
        return self.before is None

    @property
    def is_deleted(self) -> bool:
        return self.after is None

    @property
    def name(self) -> str:
        """What people call the object: its name, its network, or ``organization``."""
        said = self.after if self.after is not None else self.before
        return name_of(self.kind, said or {}, self.object_id)

    @property
    def fields(self) -> tuple[FieldChange, ...]:
        """The fields that differ, in the order of the model."""
        before, after = self.before or {}, self.after or {}
        names = [*before, *(name for name in after if name not in before)]
        return tuple(
            FieldChange(name, before.get(name), after.get(name))
            for name in names
            if before.get(name) != after.get(name)
        )


def as_json(item: ConfigModel) -> Json:
    """One object as the canonical form has it."""
    return item.model_dump(mode="json")


def name_of(kind: str, value: Json, object_id: str) -> str:
    """The name of an object given as JSON."""
    return str(value.get("name") or object_id) if kind in OBJECT_KINDS else object_id


def objects_of(document: MailFlow, kind: str) -> dict[str, ConfigModel]:
    """The objects of a section by identity; the organisation is a section of one."""
    value = document.section(kind)
    return {ORGANIZATION: value} if kind == ORGANIZATION else {identity(kind, item): item for item in value}


def object_of(document: MailFlow, kind: str, object_id: str) -> ConfigModel | None:
    """One object of a section, None where it is not there. Sections are in the order of their identities."""
    if kind == ORGANIZATION:
        return document.organization if object_id == ORGANIZATION else None
    section = document.section(kind)
    at = bisect_left(section, object_id, key=lambda item: identity(kind, item))
    return section[at] if at < len(section) and identity(kind, section[at]) == object_id else None


def diff(before: MailFlow, after: MailFlow) -> tuple[ObjectChange, ...]:
    """The changes that lead from ``before`` to ``after``, in the order of the sections, then of the identities."""
    return tuple(change for kind in SECTIONS for change in _section_diff(before, after, kind))


def _section_diff(before: MailFlow, after: MailFlow, kind: str) -> Iterable[ObjectChange]:
    if before.section(kind) == after.section(kind):
        return
    old, new = objects_of(before, kind), objects_of(after, kind)
    for object_id in sorted(old.keys() | new.keys()):
        one, two = old.get(object_id), new.get(object_id)
        if one != two:
            yield ObjectChange(kind, object_id, as_json(one) if one else None, as_json(two) if two else None)


def apply(changes: Iterable[ObjectChange], document: MailFlow) -> MailFlow:
    """The document with the changes' ``after`` in place, validated. Raises pydantic.ValidationError.

    Sections and objects that no change touches are taken over as they are, not validated again.
    """
    by_kind: dict[str, dict[str, Json | None]] = {}
    for change in changes:
        by_kind.setdefault(change.kind, {})[change.object_id] = change.after
    sections: dict[str, Any] = {kind: document.section(kind) for kind in SECTIONS}
    for kind, afters in by_kind.items():
        sections[kind] = _section_with(document, kind, afters)
    return MailFlow.model_validate(sections)


def _section_with(document: MailFlow, kind: str, afters: dict[str, Json | None]) -> Any:
    if kind == ORGANIZATION:
        return afters[ORGANIZATION] or {}
    kept = [item for object_id, item in objects_of(document, kind).items() if object_id not in afters]
    return (*kept, *(after for after in afters.values() if after is not None))


def completed(change: ObjectChange) -> ObjectChange:
    """With the defaults of fields that are newer than what was stored of it."""
    usual = _defaults(change.kind)
    before, after = (
        None if one is None else one | {name: value for name, value in usual.items() if name not in one}
        for one in (change.before, change.after)
    )
    return replace(change, before=before, after=after)


@cache
def _defaults(kind: str) -> Json:
    return model_of(kind).model_construct().model_dump(mode="json")


def model_of(kind: str) -> type[ConfigModel]:
    """The class of the objects of a section. Raises KeyError."""
    if kind == ORGANIZATION:
        return type(MailFlow().organization)
    return OBJECT_KINDS.get(kind) or LIST_KINDS[kind]
