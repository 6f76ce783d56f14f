"""One object as a list shows it."""

from __future__ import annotations

from dataclasses import dataclass

from mailconsole.changes.models import Change
from mailconsole.changes.recorded import Use
from mailconsole.mailflow.drafts import Mark


@dataclass(frozen=True, slots=True)
class Row:
    """``cells`` in the order of the kind's columns; ``idle_because`` says why it can't decide anything."""

    object_id: str
    name: str
    comment: str
    cells: list[str]
    mark: Mark
    is_enabled: bool
    use: Use | None
    idle_because: str
    ending: Change | None = None
