"""Keep what a person typed into a form and has not staged: theirs alone, bounded in size, number and age."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.db import transaction

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import KeptForm
from mailconsole.changes.refusals import TooMuchToKeep
from mailconsole.changes.services.ground import require
from transport.config.diff import Json

MAX_OCTETS = 64 * 1024
MAX_FORMS = 50
KEPT = timedelta(days=30)


@transaction.atomic
def keep_form(*, person: User, kind: str, object_id: str, said: Json, basis: Json, now: datetime) -> KeptForm:
    """In place of what was kept before of this form. Beyond the number, the person's oldest goes.

    Raises NotAllowed, TooMuchToKeep.
    """
    require(person, Role.EDITOR)
    text = json.dumps(said)
    if len(text) > MAX_OCTETS:
        raise TooMuchToKeep(f"the form holds more than {MAX_OCTETS // 1024} KB. Stage it, or write less.")
    fields = {"said": text, "basis": json.dumps(basis), "kept_at": now}
    kept, _ = KeptForm.objects.update_or_create(
        person=person, kind=kind, object_id=object_id, defaults=fields, create_defaults=fields | {"began_at": now}
    )
    beyond = KeptForm.objects.filter(person=person).values_list("pk", flat=True)[MAX_FORMS:]
    KeptForm.objects.filter(pk__in=list(beyond)).delete()
    return kept


def kept_form(person: User, kind: str, object_id: str, *, now: datetime) -> KeptForm | None:
    """What this person has kept of this form, unless it is too old."""
    found = KeptForm.objects.filter(person=person, kind=kind, object_id=object_id, kept_at__gte=now - KEPT)
    return found.first()


def discard_kept(*, person: User, kind: str, object_id: str) -> None:
    """Also where nothing is kept: another window of the same person may have been quicker."""
    KeptForm.objects.filter(person=person, kind=kind, object_id=object_id).delete()


def forget_kept(now: datetime) -> None:
    KeptForm.objects.filter(kept_at__lt=now - KEPT).delete()
