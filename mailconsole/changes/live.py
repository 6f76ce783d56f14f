"""The live region of changes: a mark of each that was touched lately, by which a page that shows it knows itself old.

A mark tells nothing but that something happened: what it was, the page asks for as its reader may see it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection
from datetime import datetime
from typing import Any

from django.db.models import Max

from mailconsole.changes.models import Change, Comment, Head, Review
from mailconsole.nodes.live.regions import Piece
from mailconsole.nodes.snapshots import Live

REGION = "changes"
TOUCHED = 50
"""A page of a change that was touched earlier hears of it with the next touch."""
ALL = "all"


def change_marks(live: Live, now: datetime) -> list[Piece]:
    """One for each change touched lately; before them one for all together, and the number of the head."""
    marks = marks_of(_touched())
    return [_piece(ALL, mark_of_all(marks)), *(_piece(str(key), mark) for key, mark in marks.items())]


def mark_of(change: Change) -> str:
    """What the page of this change carries; read it before what the page shows."""
    return marks_of([change.pk]).get(change.pk, "")


def mark_of_all(marks: dict[int, str] | None = None) -> str:
    """What a list of changes carries."""
    marks = marks_of(_touched()) if marks is None else marks
    return _mark(sorted(marks.items()))


def head_number() -> int:
    return Head.objects.values_list("number", flat=True).first() or 0


def _touched() -> list[int]:
    """The newest first, each once."""
    changed = Change.objects.order_by("-updated_at").values_list("pk", flat=True)[:TOUCHED]
    said = Comment.objects.order_by("-pk").values_list("change", flat=True)[:TOUCHED]
    reviewed = Review.objects.order_by("-pk").values_list("change", flat=True)[:TOUCHED]
    return list(dict.fromkeys([*changed, *said, *reviewed]))


def marks_of(keys: Collection[int]) -> dict[int, str]:
    said = dict(Comment.objects.filter(change__in=keys).values_list("change").annotate(newest=Max("pk")))
    reviewed = dict(Review.objects.filter(change__in=keys).values_list("change").annotate(newest=Max("pk")))
    touched = Change.objects.filter(pk__in=keys).values_list("pk", "updated_at", "state")
    return {key: _mark([at, state, said.get(key), reviewed.get(key)]) for key, at, state in touched}


def _mark(said: Any) -> str:
    return hashlib.sha256(repr(said).encode()).hexdigest()[:16]


def _piece(key: str, mark: str) -> Piece:
    head = f' data-head="{head_number()}"' if key == ALL else ""
    return Piece(key, f'<i data-live-key="{key}" data-mark="{mark}"{head}></i>')
