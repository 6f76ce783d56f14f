"""Files of another mail system become one draft of this person, with the report of what became of what."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from datetime import datetime

from django.db import transaction
from django.http import HttpRequest
from pydantic import ValidationError

from mailconsole.accounts.models import User
from mailconsole.accounts.roles import Role
from mailconsole.audit import services as audit
from mailconsole.changes.services.ground import require
from mailconsole.changes.services.open_change import open_change
from mailconsole.changes.services.revisions import load_document
from mailconsole.changes.services.stage_document import stage_document
from mailconsole.imports.exchange.importer import Imported, import_exchange
from mailconsole.imports.models import ImportReport, Origin
from mailconsole.imports.postfix.importer import import_postfix
from mailconsole.imports.reading.files import MAX_TOTAL_OCTETS, Source, opened
from mailconsole.imports.refusals import NothingToImport, UnreadableFile
from transport.config.diff import diff
from transport.config.document import MailFlow
from transport.config.explain import explain

_IMPORTERS: dict[Origin, Callable[..., Imported]] = {
    Origin.EXCHANGE: import_exchange,
    Origin.POSTFIX: import_postfix,
}


@transaction.atomic
def import_files(
    *,
    actor: User,
    origin: Origin,
    files: Iterable[tuple[str, bytes]],
    owner: str,
    now: datetime,
    title: str = "",
    most: int = MAX_TOTAL_OCTETS,
    request: HttpRequest | None = None,
) -> ImportReport:
    """A new draft on the head and its report; nothing is kept where it is refused. ``owner`` is for relay
    policies; files have at most ``most`` octets together, unpacked.

    Raises NotAllowed, UnreadableFile, NothingToImport.
    """
    require(actor, Role.EDITOR)
    sources = opened(files, most=most)
    change = open_change(author=actor, now=now, title=title or f"Import from {origin.label}", request=request)
    base = load_document(change.base)
    imported = _imported(origin, sources, base, owner)
    if not diff(base, imported.document):
        raise NothingToImport(_nothing(imported))
    stage_document(change=change, actor=actor, document=imported.document, now=now, request=request)
    report = ImportReport.objects.create(
        change=change,
        origin=origin.value,
        files=[_file(source, imported) for source in sources],
        lines=imported.report.as_json(),
        author=actor,
        created_at=now,
    )
    _note(actor, report, now, request)
    return report


def _imported(origin: Origin, sources: list[Source], base: MailFlow, owner: str) -> Imported:
    if not sources:
        raise NothingToImport("There is no file in it.")
    try:
        return _IMPORTERS[origin](sources, onto=base, owner=owner)
    except ValidationError as error:
        raise UnreadableFile(f"Together they make no configuration: {explain(error, {}, model=MailFlow)[0]}.") from None
    except ValueError as error:
        raise UnreadableFile(f"A value in these files can't be read: {str(error)[:200]}.") from None


def _nothing(imported: Imported) -> str:
    what = ", ".join(f"{name} ({kind})" for name, kind in list(imported.what.items())[:5])
    return f"Nothing in these files changes what is published: {what}."


def _file(source: Source, imported: Imported) -> dict[str, object]:
    digest = hashlib.sha256(source.data).hexdigest()
    return {"name": source.name, "size": len(source.data), "sha256": digest, "what": imported.what.get(source.name, "")}


def _note(actor: User, report: ImportReport, now: datetime, request: HttpRequest | None) -> None:
    audit.record(
        actor=actor,
        action="import.made",
        object_kind="change",
        object_id=str(report.change_id),
        summary=f"Imported {len(report.files)} files from {Origin(report.origin).label} into “{report.change.title}”",
        after={"files": report.files},
        request=request,
        now=now,
    )
