"""Whether a change takes an object's effect away as its deletion would: it is deleted, switched off, made a test, or
made to begin later or end earlier. Pure.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from transport.config.diff import Json, ObjectChange

ENFORCE = "Enforce"
_SAID = frozenset(("name", "comment", "owner", "purpose", "ticket"))


def ending(change: ObjectChange, now: datetime) -> str:
    """How, as the rest of a sentence; empty where it goes on, or had no effect that could go."""
    if change.after is None:
        return "is deleted"
    if change.before is None or not _is_in_effect(change.before, now):
        return ""
    return _switched_off(change.before, change.after) or _moved(change.before, change.after, now)


def only_ends(change: ObjectChange, now: datetime) -> bool:
    """Whether it does nothing else to an object that it ends: each field that differs ends it by itself, or says who is
    asked and why."""
    before, after = change.before, change.after
    if before is None or after is None:
        return after is None
    alone = (replace(change, after=before | {one.field: one.after}) for one in change.fields if one.field not in _SAID)
    return all(ending(one, now) for one in alone)


def _is_in_effect(said: Json, now: datetime) -> bool:
    ends = _moment(said, "expires_at")
    return bool(said.get("is_enabled", True)) and (ends is None or now < ends)


def _switched_off(before: Json, after: Json) -> str:
    if not after.get("is_enabled", True):
        return "is switched off"
    is_told = after.get("is_only_told", False) and not before.get("is_only_told", False)
    is_test = before.get("mode") == ENFORCE and after.get("mode") != ENFORCE
    return "becomes a test" if is_told or is_test else ""


def _moved(before: Json, after: Json, now: datetime) -> str:
    old, new = _moment(before, "expires_at"), _moment(after, "expires_at")
    if new is not None and (old is None or new < old):
        return "ends at once" if new <= now else "ends earlier"
    begun, begins = _moment(before, "activation_at"), _moment(after, "activation_at")
    is_later = begins is not None and begins > now and (begun is None or begun < begins)
    return "begins later" if is_later else ""


def _moment(said: Json, field: str) -> datetime | None:
    at = said.get(field)
    return datetime.fromisoformat(at) if isinstance(at, str) else None
