"""Who else is about to change an object. Reads only."""

from __future__ import annotations

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change
from mailconsole.changes.states import ChangeState

SHOWN = 5
_OPEN = [state for state in ChangeState if state.is_open]


def also_edited(person: User, kind: str, object_id: str) -> list[Change]:
    """Open changes of others with this object among their items, the one touched last first; the first few."""
    if not object_id:
        return []
    found = Change.objects.filter(state__in=_OPEN, items__kind=kind, items__object_id=object_id)
    return list(found.exclude(author=person).select_related("author")[:SHOWN])
