"""Make a draft lead to a whole document: for YAML and for restoring a revision."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change, ChangeItem
from mailconsole.changes.services.ground import (
    go,
    locked,
    note,
    require,
    require_author,
    require_reach,
    seal_of,
    void_reviews,
)
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.services.stage_item import check_secret
from mailconsole.changes.states import Arrow
from transport.config.diff import diff
from transport.config.document import MailFlow
from transport.config.words import in_words, plain


@transaction.atomic
def stage_document(
    *, change: Change, actor: User, document: MailFlow, now: datetime, request: HttpRequest | None = None
) -> int:
    """Replace the items by the difference between the base and `document`; return how many there are.

    Raises NotAllowed, OutOfReach, NotYourChange, WrongState, SecretNotStored.
    """
    require(actor, Role.EDITOR)
    change = locked(change)
    require_author(change, actor)
    go(change, Arrow.EDIT, now=now)
    base = load_document(change.base)
    changes = diff(base, document)
    require_reach(actor, Role.EDITOR, changes)
    for one in changes:
        if one.after is not None:
            check_secret(one.kind, one.after)
    before = seal_of(change)
    ChangeItem.objects.filter(change=change).delete()
    ChangeItem.objects.bulk_create(
        (ChangeItem(change=change, kind=one.kind, object_id=one.object_id, before=one.before, after=one.after,
                    staged_at=now) for one in changes),
        batch_size=500,
    )  # fmt: skip
    void_reviews(change)
    words = plain(in_words(changes, base)) or "Nothing differs from the base."
    note(actor, Arrow.EDIT.past, change, words, now=now, request=request, before=before, after=seal_of(change))
    return len(changes)
