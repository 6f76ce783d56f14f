"""Revisions: the head, their documents, the first one. Writing one is `publish`'s; here is how it is stored."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.utils import timezone

from mailconsole.accounts.models import User
from mailconsole.audit import services as audit
from mailconsole.changes.models import Change, Head, Revision
from mailconsole.changes.services.sections import load_section, store_sections
from mailconsole.changes.states import Way
from mailconsole.nodes import dispatch
from transport.config.document import SECTIONS, MailFlow, initial_document, manifest_digest


def head_revision() -> Revision:
    """The newest revision; makes the first one where there is none."""
    return Revision.objects.order_by("-number").first() or ensure_initial_revision()


def load_document(revision: Revision) -> MailFlow:
    """The document of a revision; sections are read and validated once a process. A section that is newer than the
    revision is empty in it."""
    manifest = revision.manifest
    return MailFlow.model_validate({name: load_section(name, manifest[name]) for name in SECTIONS if name in manifest})


@transaction.atomic
def ensure_initial_revision(now: datetime | None = None) -> Revision:
    """Revision 1, once: what a new installation runs."""
    head = lock_head()
    existing = Revision.objects.order_by("-number").first()
    if existing is not None:
        return existing
    revision = store_revision(head=head, document=initial_document(), way=Way.INITIAL, now=now or timezone.now())
    audit.record(
        actor=None,
        action="revision.published",
        object_kind="revision",
        object_id=str(revision.number),
        summary="Revision 1: what a new installation runs",
        after={"revision": revision.number, "digest": revision.digest},
        now=now,
    )
    return revision


def lock_head() -> Head:
    """The row at which publishers wait for each other; SQLite's BEGIN IMMEDIATE makes them wait earlier."""
    Head.objects.get_or_create(pk=1)
    return Head.objects.select_for_update().get(pk=1)


def store_revision(
    *,
    head: Head,
    document: MailFlow,
    way: Way,
    now: datetime,
    change: Change | None = None,
    author: User | None = None,
    published_by: User | None = None,
    reason: str = "",
) -> Revision:
    """Write the next revision under the locked head, and tell the nodes once it is committed."""
    manifest = store_sections(document)
    revision = Revision.objects.create(
        number=head.number + 1,
        digest=manifest_digest(manifest),
        manifest=manifest,
        parent=Revision.objects.filter(number=head.number).first(),
        change=change,
        author=author,
        published_by=published_by,
        way=way,
        reason=reason,
        created_at=now,
    )
    Head.objects.filter(pk=head.pk).update(number=revision.number)
    transaction.on_commit(lambda: dispatch.configuration_published(revision.number), robust=True)
    return revision
