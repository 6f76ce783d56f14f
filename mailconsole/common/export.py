"""A table as a file: CSV for spreadsheets, JSON lines for programs; bounded, with no formula that a sheet would run."""

from __future__ import annotations

import csv
import itertools
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.core.serializers.json import DjangoJSONEncoder
from django.http import HttpResponse

MAX_ROWS = 100_000
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")  # full width ones too


class ExportFormat(StrEnum):
    """How a table leaves the console."""

    CSV = "csv"
    JSON_LINES = "jsonl"


class _Echo:
    def write(self, value: str) -> str:
        return value


def export_response(
    *, rows: Iterable[Mapping[str, Any]], columns: Sequence[str], form: ExportFormat, name: str
) -> HttpResponse:
    """Rows as an attachment `<name>.csv` or `<name>.jsonl`; columns in this order, at most MAX_ROWS rows."""
    bounded = itertools.islice(rows, MAX_ROWS)
    if form is ExportFormat.CSV:
        body, kind = csv_lines(bounded, columns), "text/csv; charset=utf-8"
    else:
        body, kind = json_lines(bounded, columns), "application/x-ndjson"
    response = HttpResponse("".join(body), content_type=kind)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}.{form.value}"'
    return response


def csv_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """Lines of CSV, the columns' names first, with no formula in them."""
    writer = csv.writer(_Echo())
    yield writer.writerow(columns)
    for row in rows:
        yield writer.writerow([_cell(row.get(column)) for column in columns])


def json_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """An object a line, with these fields."""
    for row in rows:
        yield json.dumps({column: row.get(column) for column in columns}, cls=DjangoJSONEncoder) + "\n"


def _cell(value: Any) -> str:
    """A spreadsheet would run a cell that begins like a formula: a quote in front makes it text."""
    if isinstance(value, datetime):
        return value.isoformat()
    text = "" if value is None else value if isinstance(value, str) else json.dumps(value, cls=DjangoJSONEncoder)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA_STARTS) else text
