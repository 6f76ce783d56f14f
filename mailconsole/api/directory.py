"""The directory over HTTP: search, one address, who gets mail, and the sources with their runs."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from ninja import Router, Schema, Status
from ninja.errors import HttpError
from pydantic import Field

from directory.model import RecipientKind
from mailconsole.accounts.access import check_role, user_has_role
from mailconsole.accounts.roles import Role
from mailconsole.api.auth import actor_of
from mailconsole.changes.services.revisions import head_revision, load_document
from mailconsole.recipients.known import open_directory
from mailconsole.recipients.models import DirectorySource, Recipient, SyncRun
from mailconsole.recipients.services.request_sync import cancel_sync, request_sync
from mailconsole.recipients.services.search import find_address, search_recipients
from mailconsole.recipients.services.who_gets import Step, who_gets
from transport.model.address import InvalidAddress

router = Router(tags=["directory"])
Limit = Annotated[int, Field(ge=1, le=200)]
Size = Annotated[int, Field(ge=0)]


class RecipientOut(Schema):
    object_guid: UUID
    kind: str
    display_name: str
    primary_address: str
    addresses: list[str]
    source: str


class AddressOut(Schema):
    address: str
    is_conflict: bool
    recipients: list[RecipientOut]


class StepOut(Schema):
    address: str
    outcome: str
    because: str
    name: str
    more: int
    children: list[StepOut]


class WhoOut(Schema):
    delivered: int
    returned: int
    without_a_way: int
    untold: int
    waits_because: str
    problems: list[str]
    tree: StepOut


class RunOut(Schema):
    id: int
    state: str
    is_whole: bool
    started_at: datetime
    finished_at: datetime | None
    server: str
    message: str
    entries_read: int
    recipients: int
    added: int
    changed: int
    removed: int
    problems: int


class SourceOut(Schema):
    id: int
    name: str
    is_enabled: bool
    last_read_at: datetime | None
    last_whole_at: datetime | None
    changes_by: str
    why_not_dirsync: str
    last_run: RunOut | None


@router.get("/recipients", response=list[RecipientOut])
def recipients(request: HttpRequest, q: str = "", kind: RecipientKind | None = None, limit: Limit = 50) -> Any:
    """Those in which every word of `q` occurs, in name, alias, account or any address."""
    return [_recipient(one) for one in search_recipients(text=q[:200], kind=kind)[:limit]]


@router.get("/addresses/{address}", response=AddressOut)
def address(request: HttpRequest, address: str) -> Any:
    """Who has exactly this address; several where it is a conflict."""
    found = find_address(address=address)
    if not found.recipients:
        raise HttpError(404, "No recipient has this address.")
    return AddressOut(
        address=found.address, is_conflict=found.is_conflict, recipients=[_recipient(one) for one in found.recipients]
    )


@router.get("/who-gets/{address}", response=WhoOut)
def who(request: HttpRequest, address: str, sender: str = "", is_signed_in: bool = False, size_bytes: Size = 0) -> Any:
    """Who gets mail sent to it, as a tree with the reason at each step; nothing is sent."""
    head = head_revision()
    try:
        found = who_gets(
            address,
            sender=sender,
            is_signed_in=is_signed_in,
            size_bytes=size_bytes,
            shows_hidden=user_has_role(actor_of(request), Role.ADMINISTRATOR),
            document=load_document(head),
            revision=head.number,
            finds=open_directory(),
        )
    except InvalidAddress as error:
        raise HttpError(422, f"This is no address: {error}.") from error
    return WhoOut(
        delivered=found.delivered_count,
        returned=found.refused_count,
        without_a_way=found.unrouted_count,
        untold=found.untold_count,
        waits_because=found.waits_because,
        problems=list(found.problems),
        tree=_step(found.root),
    )


@router.get("/sources", response=list[SourceOut])
def sources(request: HttpRequest) -> Any:
    """Every directory, when it was read, and its last run."""
    return [_source(one) for one in DirectorySource.objects.all()]


@router.post("/sources/{int:pk}/sync", response={202: SourceOut})
def sync(request: HttpRequest, pk: int, everything: bool = False) -> Any:
    """Have a worker read what changed, or everything. Needs the role operator."""
    actor = actor_of(request)
    check_role(actor, Role.OPERATOR)
    source = get_object_or_404(DirectorySource, pk=pk)
    request_sync(source=source, actor=actor, is_whole=everything, request=request)
    return Status(202, _source(source))


@router.post("/sources/{int:pk}/cancel", response=SourceOut)
def cancel(request: HttpRequest, pk: int) -> Any:
    """End the reading that goes on, at its next page. Needs the role operator."""
    actor = actor_of(request)
    check_role(actor, Role.OPERATOR)
    source = get_object_or_404(DirectorySource, pk=pk)
    cancel_sync(source=source, actor=actor, request=request)
    return _source(source)


def _recipient(row: Recipient) -> RecipientOut:
    return RecipientOut(
        object_guid=row.object_guid,
        kind=row.kind,
        display_name=row.display_name,
        primary_address=row.primary_address,
        addresses=list(row.value.addresses),
        source=row.source.name,
    )


def _step(step: Step) -> StepOut:
    return StepOut(
        address=step.address,
        outcome=step.word.lower(),
        because=step.because,
        name=step.name,
        more=step.more,
        children=[_step(child) for child in step.children],
    )


def _source(source: DirectorySource) -> SourceOut:
    last = source.runs.defer("problems", "changes").first()
    return SourceOut(
        id=source.pk,
        name=source.name,
        is_enabled=source.is_enabled,
        last_read_at=source.last_read_at,
        last_whole_at=source.last_whole_at,
        changes_by=source.changes_by,
        why_not_dirsync=source.why_not_dirsync,
        last_run=_run(last) if last is not None else None,
    )


def _run(run: SyncRun) -> RunOut:
    return RunOut(
        id=run.pk,
        state=run.state,
        is_whole=run.is_whole,
        started_at=run.started_at,
        finished_at=run.finished_at,
        server=run.server,
        message=run.message,
        entries_read=run.entries_read,
        recipients=run.recipient_count,
        added=run.added_count,
        changed=run.changed_count,
        removed=run.removed_count,
        problems=run.problem_count,
    )
