"""What a form's *Stage* does: into the person's draft, opened where there is none; a password into the store."""

from __future__ import annotations

import secrets
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest

from mailconsole.accounts.models import User
from mailconsole.audit import services as audit
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import Conflict, InvalidDocument
from mailconsole.changes.services.bring_up_to_date import bring_up_to_date
from mailconsole.changes.services.open_change import current_draft, open_change
from mailconsole.changes.services.revisions import head_revision
from mailconsole.changes.services.stage_item import stage_item
from mailconsole.common.secrets import store_secret
from transport.config.diff import Json
from transport.config.text import slug


@transaction.atomic
def stage_object(
    *,
    actor: User,
    kind: str,
    object_id: str,
    after: Json | None,
    now: datetime,
    title: str = "",
    password: str = "",
    request: HttpRequest | None = None,
) -> Change:
    """Stage one object; nothing is kept where it is refused.

    Raises NotAllowed, WrongState, InvalidObject, NoSuchObject, SecretNotStored.
    """
    draft = current_draft(actor) or open_change(author=actor, now=now, title=title, request=request)
    if draft.base_id != head_revision().pk:
        draft = _brought_up_to_date(draft, actor, now, request)
    if password and after is not None:
        after = after | {"password_secret": _keep(actor, str(after.get("name") or kind), password, now, request)}
    stage_item(change=draft, actor=actor, kind=kind, object_id=object_id, after=after, now=now, request=request)
    draft.refresh_from_db()
    return draft


def _brought_up_to_date(draft: Change, actor: User, now: datetime, request: HttpRequest | None) -> Change:
    """Where it goes without asking; a conflict is settled on the change's page, what does not fit on its form."""
    try:
        return bring_up_to_date(change=draft, actor=actor, now=now, request=request)
    except (Conflict, InvalidDocument):
        return draft


def _keep(actor: User, owner: str, password: str, now: datetime, request: HttpRequest | None) -> str:
    """A new name each time: what is published keeps its password until the draft is."""
    name = f"{slug(owner)}.{secrets.token_hex(4)}"
    store_secret(name=name, value=password)
    audit.record(
        actor=actor,
        action="secret.stored",
        object_kind="secret",
        object_id=name,
        summary=f"Stored a password for {owner}",
        request=request,
        now=now,
    )
    return name
