"""Which configuration a question is about: the newest revision, any other, or a change as it stands now."""

from __future__ import annotations

import re
from dataclasses import dataclass

from mailconsole.changes.models import Change, Revision
from mailconsole.changes.refusals import NoSuchGround
from mailconsole.changes.services.plan import draft_document
from mailconsole.changes.services.revisions import head_revision, load_document
from transport.config.document import MailFlow

_NAMED = re.compile(r"([rc])([1-9][0-9]{0,8})")


@dataclass(frozen=True, slots=True)
class Ground:
    """A document, and the revision that it is or that it is based on."""

    document: MailFlow
    revision: int
    label: str


def under(name: str) -> Ground:
    """``r7`` is revision 7, ``c3`` is change 3, empty is what is in effect. Raises NoSuchGround, DraftUnreadable."""
    head = head_revision()
    if not name:
        return Ground(load_document(head), head.number, f"Revision {head}, in effect now")
    matched = _NAMED.fullmatch(name)
    if matched is None:
        raise NoSuchGround(f"“{name[:20]}” is neither a revision, as r7, nor a change, as c3.")
    number = int(matched[2])
    return _revision(number, head) if matched[1] == "r" else _change(number)


def _revision(number: int, head: Revision) -> Ground:
    revision = Revision.objects.filter(number=number).first()
    if revision is None:
        raise NoSuchGround(f"There is no revision {number}: the newest is {head}.")
    return Ground(load_document(revision), number, f"Revision {number}")


def _change(number: int) -> Ground:
    change = Change.objects.select_related("base").filter(pk=number).first()
    if change is None:
        raise NoSuchGround(f"There is no change {number}.")
    return Ground(draft_document(change), change.base.number, f"{change.status.label}: {change.title}")
