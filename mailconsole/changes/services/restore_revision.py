"""A change that makes the document equal to an old revision: reviewed and published like any other."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.changes.models import Change, Revision
from mailconsole.changes.refusals import NothingToSubmit
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.changes.services.stage_document import stage_document


@transaction.atomic
def restore_revision(
    *, revision: Revision, actor: User, now: datetime, reason: str = "", request: HttpRequest | None = None
) -> Change:
    """The draft. Raises NotAllowed, NothingToSubmit, SecretNotStored."""
    if head_revision().digest == revision.digest:
        raise NothingToSubmit(f"The configuration is as in revision {revision} already.")
    change = open_change(author=actor, now=now, title=f"Restore revision {revision}", reason=reason, request=request)
    stage_document(change=change, actor=actor, document=load_document(revision), now=now, request=request)
    return change
