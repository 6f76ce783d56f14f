"""Take one object out of a draft: it is again as in the base."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.refusals import NoSuchObject
from mailconsole.changes.services.ground import go, locked, note, require, require_author, void_reviews
from mailconsole.changes.states import Arrow
from mailconsole.common import storable
from transport.config.diff import name_of
from transport.config.words import label_inside


@transaction.atomic
def discard_item(
    *, change: Change, actor: User, kind: str, object_id: str, now: datetime, request: HttpRequest | None = None
) -> Change:
    """Raises NotAllowed, NotYourChange, WrongState, NoSuchObject."""
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    wanted = {"kind": storable.text(kind), "object_id": storable.text(object_id)}
    item = ChangeItem.objects.filter(change=change, **wanted).first()
    if item is None:
        raise NoSuchObject("This is not an item of the change any more.")
    item.delete()
    void_reviews(change)
    name = name_of(kind, item.after or item.before or {}, object_id)
    words = f"Took {label_inside(kind)} {name} out of the change"
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request, before=item.after)
    return change
