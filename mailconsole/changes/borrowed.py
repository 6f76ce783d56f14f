"""Secrets that a limited role may not name: the password of what it does not reach would go where its bearer says."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator

from mailconsole.accounts.limits import Limit
from mailconsole.changes.models import ChangeItem, Section
from mailconsole.changes.reach import out_of_reach
from transport.config.diff import ORGANIZATION, Json, ObjectChange

FIELDS = {
    "send_connectors": "password_secret",
    "service_accounts": "password_secret",
    ORGANIZATION: "review_webhook_secret",
}
"""Which field of a section's objects names a secret."""


def borrowed(limit: Limit, changes: Iterable[ObjectChange]) -> ObjectChange | None:
    """Whose secret one of the changes names anew: something beyond the limit, published once or only written."""
    for change in changes:
        name = _named(change.kind, change.after)
        if name and name != _named(change.kind, change.before):
            beyond = out_of_reach(limit, _holders(name))
            if beyond is not None:
                return beyond
    return None


def _named(kind: str, value: Json | None) -> str:
    return str((value or {}).get(FIELDS.get(kind, "")) or "")


def _holders(name: str) -> Iterator[ObjectChange]:
    """Everything that ever named it, in any revision or change."""
    text = json.dumps(name, ensure_ascii=False)
    for section in Section.objects.filter(kind__in=FIELDS, content__contains=text):
        stored = json.loads(section.content)
        for value in [stored] if section.kind == ORGANIZATION else stored:
            yield from _holding(section.kind, value.get("id", ORGANIZATION), value, name)
    for item in ChangeItem.objects.filter(kind__in=FIELDS):
        for value in (item.before, item.after):
            yield from _holding(item.kind, item.object_id, value, name)


def _holding(kind: str, object_id: str, value: Json | None, name: str) -> Iterator[ObjectChange]:
    if _named(kind, value) == name:
        yield ObjectChange(kind, object_id, value, value)
