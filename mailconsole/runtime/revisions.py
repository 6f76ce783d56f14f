"""What nodes and the supervisor ask about revisions: the head's number, a document, the first one."""

from __future__ import annotations

from django.db import connection

from mailconsole.changes.models import Head, Revision
from mailconsole.changes.services import revisions
from transport.config.document import MailFlow


def head_number() -> int:
    """The head's number, 0 before there is any revision. Nodes ask each second: one indexed row, and no query builder,
    which takes eight times as long."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT number FROM {connection.ops.quote_name(Head._meta.db_table)} WHERE id = 1")  # noqa: S608
        found = cursor.fetchone()
    return (found[0] if found is not None else 0) or 0


def load_document(number: int) -> MailFlow:
    """The document of a revision. Raises Revision.DoesNotExist, pydantic.ValidationError."""
    return revisions.load_document(Revision.objects.get(number=number))
