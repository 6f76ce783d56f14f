"""What nodes and the supervisor ask about revisions: the head's number, a document, the first one."""

from __future__ import annotations

from django.db import connection
from pydantic import ValidationError

from mailconsole import __version__
from mailconsole.changes.models import Head, Revision
from mailconsole.changes.services import revisions
from transport.config import explain
from transport.config.document import MailFlow

TOLD = 3


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


def why_unreadable(error: ValidationError) -> str:
    """Why this node can't read a revision, for people: mostly a newer Mailconsole made it."""
    unknown = [explain.path_of(one["loc"], None) for one in error.errors() if one["type"] == "extra_forbidden"]
    if not unknown:
        return _listed([str(one) for one in explain.explain(error, {}, model=MailFlow)], "; ")
    words = _listed(unknown, ", ")
    return f"A newer Mailconsole made it: this node's, {__version__}, does not know {words}. Upgrade this node."


def _listed(words: list[str], between: str) -> str:
    more = f" and {len(words) - TOLD:,} more" if len(words) > TOLD else ""
    return between.join(words[:TOLD]) + more
