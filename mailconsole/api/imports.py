"""Imports over HTTP: files of another mail system become one draft, with its report."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import File, Form, Router, Schema, Status
from ninja.files import UploadedFile
from pydantic import Field

from mailconsole.api.auth import actor_of
from mailconsole.api.schemas import Taken
from mailconsole.imports.models import ImportReport, Origin
from mailconsole.imports.reading.files import MAX_WEB_OCTETS
from mailconsole.imports.report import Fate
from mailconsole.imports.services.import_files import import_files

router = Router(tags=["imports"])


class Given(Taken):
    """`owner` is asked about the relay policies that come of it; empty for oneself."""

    origin: Origin
    owner: str = Field("", max_length=64)
    title: str = Field("", max_length=200)


class FileOut(Schema):
    """`what`: which cmdlet's objects, which table, a log."""

    name: str
    size: int
    sha256: str
    what: str


class ImportRow(Schema):
    """`counts` is by fate: mapped, approximated, left out. `change` is the draft."""

    id: int
    change: int
    origin: Origin
    author: str
    created_at: datetime
    counts: dict[str, int]
    files: list[FileOut]


class LineOut(Schema):
    """One object of the source, or one parameter of it, and what became of it: `note` says why or where it differs."""

    source: str
    name: str
    parameter: str
    value: str
    fate: Fate
    note: str
    kind: str
    object_id: str


class ImportOut(ImportRow):
    lines: list[LineOut]


@router.get("", response=list[ImportRow])
def list_imports(request: HttpRequest, limit: Annotated[int, Field(ge=1, le=200)] = 50) -> Any:
    """The newest."""
    return [_row(one) for one in ImportReport.objects.select_related("author")[:limit]]


@router.post("", response={201: ImportOut})
def import_them(request: HttpRequest, said: Form[Given], files: File[list[UploadedFile]]) -> Any:
    """Draft what the files say: exports and logs, or main.cf and its tables, or zips. Up to 8 MB, 24 MB unpacked."""
    actor = actor_of(request)
    report = import_files(
        actor=actor,
        origin=said.origin,
        files=[(one.name or "file", one.read()) for one in files],
        owner=said.owner or str(actor)[:64],
        title=said.title,
        most=MAX_WEB_OCTETS,
        now=timezone.now(),
        request=request,
    )
    return Status(201, _out(report, None))


@router.get("/{int:pk}", response=ImportOut)
def report(request: HttpRequest, pk: int, fate: Fate | None = None) -> Any:
    """What became of each part; `fate` keeps one kind of line."""
    return _out(get_object_or_404(ImportReport.objects.select_related("author"), pk=pk), fate)


def _row(one: ImportReport) -> dict[str, Any]:
    return {
        "id": one.pk,
        "change": one.change_id,
        "origin": one.origin,
        "author": one.author.username,
        "created_at": one.created_at,
        "counts": {fate.value: count for fate, count in one.counts()},
        "files": one.files,
    }


def _out(one: ImportReport, fate: Fate | None) -> dict[str, Any]:
    lines = [asdict(line) for line in one.all_lines if fate in (None, line.fate)]
    return _row(one) | {"lines": lines}
