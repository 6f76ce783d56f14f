"""The audit over HTTP, for auditors and for tokens of the scope audit:read: listed, copied, checked."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Annotated, Any

from django.http import HttpRequest, HttpResponse
from ninja import Query, Router, Schema
from ninja.errors import HttpError
from pydantic import Field

from mailconsole.accounts.scopes import Scope
from mailconsole.api.auth import SessionAuth, TokenAuth, actor_of
from mailconsole.api.openapi import answers
from mailconsole.audit import read
from mailconsole.common.export import ExportFormat, export_response

router = Router(tags=["audit"], auth=[TokenAuth(also=Scope.AUDIT_READ), SessionAuth()])
Text = Annotated[str, Field(max_length=200)]
Number = Annotated[int, Field(ge=0, le=2**63 - 1)]


class Order(StrEnum):
    """Which entries come first."""

    NEWEST = "newest"
    OLDEST = "oldest"


class Narrowed(Schema):
    """`q` are words in what was done, its reason or its object's id; days are of the console's time zone."""

    q: Text = ""
    actor: Text = ""
    kind: Text = ""
    object_id: Text = ""
    action: Text = ""
    since: date | None = None
    until: date | None = None
    after: Number | None = None
    before: Number | None = None

    @property
    def query(self) -> read.Query:
        said = self.model_dump(exclude={"q"})
        return read.Query(words=self.q, **said)


class EntryOut(Schema):
    """`digest` is SHA-256 over `previous_digest`, a line end, and the other fields as canonical JSON.

    `at` is UTC, to the microsecond. `via` names the API token by which it was done; where that is empty it is no part
    of the digest.
    """

    number: int
    at: str
    actor_name: str
    actor_id: int | None
    action: str
    object_kind: str
    object_id: str
    summary: str
    reason: str
    before: Any
    after: Any
    peer: str
    request_id: str
    via: str
    previous_digest: str
    digest: str


class EntriesOut(Schema):
    """`next` is what to ask for as `before` (of the newest) or `after` (of the oldest); null at the end."""

    entries: list[EntryOut]
    next: int | None


class CheckOut(Schema):
    """`checked` entries are as they were written; `problem` says what follows them."""

    is_whole: bool
    checked: int
    problem: str


class ForwardingOut(Schema):
    """Where the audit is sent as syslog; `problem` is empty where the last try went well."""

    target: str
    sent_to: int
    waiting: int
    problem: str
    tried_at: datetime | None


@router.get("", response=EntriesOut)
def entries(
    request: HttpRequest,
    narrowed: Query[Narrowed],
    order: Order = Order.NEWEST,
    limit: Annotated[int, Field(ge=1, le=1000)] = 100,
) -> Any:
    """Entries that match. To follow the audit ask for the oldest `after` the last number that you have."""
    found = read.find_entries(
        actor=actor_of(request), query=narrowed.query, limit=limit + 1, is_oldest_first=order is Order.OLDEST
    )
    shown = found[:limit]
    return {"entries": shown, "next": shown[-1]["number"] if len(found) > limit else None}


@router.get("/export", openapi_extra=answers("application/x-ndjson", "text/csv"))
def export(
    request: HttpRequest, narrowed: Query[Narrowed], format: ExportFormat = ExportFormat.JSON_LINES
) -> HttpResponse:
    """All that match, as JSON lines or CSV; refused where they are more than 100,000."""
    rows = read.export_entries(actor=actor_of(request), entries=narrowed.query.entries())
    return export_response(rows=rows, columns=read.COLUMNS, form=format, name="audit")


@router.get("/verify", response=CheckOut)
def verify(request: HttpRequest) -> Any:
    """Walk the chain from its beginning."""
    found = read.check_chain(actor=actor_of(request))
    return CheckOut(is_whole=found.is_whole, checked=found.checked, problem=found.problem)


@router.get("/forwarding", response=ForwardingOut | None)
def forwarding(request: HttpRequest) -> Any:
    """How far the syslog host got; null where none is set."""
    read.check_may_read(actor_of(request))
    found = read.forwarding()
    if found is None:
        return None
    export = found.export
    return ForwardingOut(
        target=found.target,
        sent_to=export.number if export else 0,
        waiting=found.waiting,
        problem=export.problem if export else "",
        tried_at=export.tried_at if export else None,
    )


@router.get("/{int:number}", response=EntryOut)
def entry(request: HttpRequest, number: int) -> Any:
    """One entry."""
    found = read.find_entries(actor=actor_of(request), query=read.Query(after=number - 1, before=number + 1), limit=1)
    if not found:
        raise HttpError(404, "There is no such entry.")
    return found[0]
