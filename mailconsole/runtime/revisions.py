"""What nodes and the supervisor ask about revisions: the head's number, a document, the first one."""

from __future__ import annotations

from mailconsole.changes.models import Head, Revision
from mailconsole.changes.services import revisions
from transport.config.document import MailFlow


def head_number() -> int:
    """The head's number, 0 before there is any revision. One indexed row: nodes ask each second."""
    return Head.objects.values_list("number", flat=True).filter(pk=1).first() or 0


def load_document(number: int) -> MailFlow:
    """The document of a revision. Raises Revision.DoesNotExist, pydantic.ValidationError."""
    return revisions.load_document(Revision.objects.get(number=number))
