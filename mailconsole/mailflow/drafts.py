"""What a person sees of mail flow: the head, or their draft with its marks. Reads only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.http import Http404

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.changes.models import Change
from mailconsole.changes.refusals import DraftUnreadable
from mailconsole.changes.services.ground import changes_of
from mailconsole.changes.services.open_change import current_draft
from mailconsole.changes.services.plan import draft_document
from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config.diff import ObjectChange, model_of, objects_of
from transport.config.document import MailFlow
from transport.config.objects import ConfigModel
from transport.config.types import STORED


class Mark(StrEnum):
    """How the draft differs from what is published."""

    NONE = ""
    NEW = "new"
    CHANGED = "changed"
    DELETED = "deleted"

    @property
    def label(self) -> str:
        return {Mark.NEW: "New in your draft", Mark.CHANGED: "Changed in your draft",
                Mark.DELETED: "Deleted in your draft"}.get(self, "")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Seen:
    """The document that a person looks at, and which objects of it are only in their draft."""

    document: MailFlow
    draft: Change | None
    changes: dict[tuple[str, str], ObjectChange] = field(default_factory=dict)

    def objects(self, kind: str) -> dict[str, ConfigModel]:
        """The objects of a section, those that the draft deletes included."""
        found = dict(objects_of(self.document, kind))
        for (of_kind, object_id), change in self.changes.items():
            if of_kind == kind and change.after is None and change.before is not None:
                found[object_id] = model_of(kind).model_validate(change.before, context=STORED)
        return found

    def mark(self, kind: str, object_id: str) -> Mark:
        change = self.changes.get((kind, object_id))
        if change is None:
            return Mark.NONE
        return Mark.NEW if change.is_new else Mark.DELETED if change.is_deleted else Mark.CHANGED


def seen_by(user: User | Any) -> Seen:
    """The person's current draft, else the head; the head too where the draft can't be read: its own page says why."""
    draft = current_draft(user) if Role.EDITOR.value in user.role_names else None
    if draft is None:
        return Seen(load_document(head_revision()), None)
    changes = {(one.kind, one.object_id): one for one in changes_of(draft)}
    try:
        return Seen(draft_document(draft), draft, changes)
    except DraftUnreadable:
        return Seen(load_document(head_revision()), None)


def found_or_404(seen: Seen, kind: str, object_id: str) -> ConfigModel:
    """Raises Http404."""
    found = seen.objects(kind).get(object_id)
    if found is None:
        raise Http404(object_id)
    return found
