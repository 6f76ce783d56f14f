"""Ids by which one object names another, as the name that people know it by: for the difference in words. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any, get_args

from transport.config.diff import Json, ObjectChange, model_of, objects_of
from transport.config.document import MailFlow
from transport.config.types import Names


def named(changes: Iterable[ObjectChange], document: MailFlow) -> tuple[ObjectChange, ...]:
    """The same changes, with names where objects name others by id. What is neither there in ``document``, the one
    before, nor made by the changes keeps its id."""
    changes = tuple(changes)
    asked = {section for one in changes for section in naming_fields(one.kind).values()}
    names = {section: _names_of(section, changes, document) for section in asked}
    return tuple(_with_names(one, names) for one in changes) if asked else changes


@cache
def naming_fields(kind: str) -> Mapping[str, str]:
    """The fields that hold ids of objects, each with their section."""
    return {
        field: extra.section
        for field, info in model_of(kind).model_fields.items()
        for argument in get_args(info.annotation)
        for extra in getattr(argument, "__metadata__", ())
        if isinstance(extra, Names)
    }


def _names_of(section: str, changes: Iterable[ObjectChange], document: MailFlow) -> dict[str, str]:
    """By id: the name before the change, where there was one."""
    made = {one.object_id: one.name for one in changes if one.kind == section}
    return made | {key: str(getattr(item, "name", key)) for key, item in objects_of(document, section).items()}


def _with_names(change: ObjectChange, names: Mapping[str, Mapping[str, str]]) -> ObjectChange:
    fields = naming_fields(change.kind)
    if not fields:
        return change
    before, after = (_said(value, fields, names) for value in (change.before, change.after))
    return ObjectChange(change.kind, change.object_id, before, after)


def _said(value: Json | None, fields: Mapping[str, str], names: Mapping[str, Mapping[str, str]]) -> Json | None:
    if value is None:
        return None
    found: dict[str, Any] = {
        field: [names[section].get(one, one) for one in value[field]]
        for field, section in fields.items()
        if isinstance(value.get(field), list)
    }
    return value | found
