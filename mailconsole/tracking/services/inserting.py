"""Many rows in as few statements as the database likes best; SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from itertools import chain
from typing import Any

from django.db import connection, models

from mailconsole.tracking.models import MessageRecipient
from mailconsole.tracking.services.groups import GROUP_COLUMNS, RecipientGroup

KEEP = "ON CONFLICT DO NOTHING"
_ROWS_BITS = 7
_GROUP_ROWS = 64


@lru_cache(maxsize=16)
def upsert(columns: tuple[str, ...], key: tuple[str, ...], assignment: str) -> str:
    changes = ", ".join(assignment.format(column) for column in columns if column not in key)
    return f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {changes}"


def insert(model: type[models.Model], columns: tuple[str, ...], rows: list[tuple[Any, ...]], conflict: str) -> None:
    insert_values(model, columns, list(chain.from_iterable(rows)), conflict)


def insert_values(model: type[models.Model], columns: tuple[str, ...], values: list[Any], conflict: str) -> None:
    """Many rows with each statement: between two of them the threads that carry mail fight for the interpreter."""
    left, done = len(values) // len(columns), 0
    if not values:
        return
    with _executing() as execute:
        while left:
            count = 1 << min(_ROWS_BITS, left.bit_length() - 1)  # few different statements to prepare
            end = done + count * len(columns)
            execute(_statement(model, columns, count, conflict), values[done:end])
            left, done = left - count, end


def insert_groups(groups: list[RecipientGroup]) -> None:
    """What the recipients of a message have in common is given to SQLite once."""
    if connection.vendor != "sqlite":
        rows = [row for group in groups for row in group.rows()]
        insert(MessageRecipient, GROUP_COLUMNS, rows, KEEP)
        return
    most = len(RecipientGroup.OWN_COLUMNS) * _GROUP_ROWS
    with _executing() as execute:
        for group in groups:
            for done in range(0, len(group.own), most):
                own = group.own[done : done + most]
                execute(_group_statement(len(own) // len(RecipientGroup.OWN_COLUMNS)), group.shared + own)


@contextmanager
def _executing() -> Iterator[Callable[[str, Sequence[Any]], object]]:
    """Django would look for its own placeholders in each of these long statements. Errors are Django's all the same."""
    with connection.cursor() as cursor, connection.wrap_database_errors:
        yield connection.connection.execute if connection.vendor == "sqlite" else cursor.execute


@lru_cache(maxsize=64)
def _statement(model: type[models.Model], columns: tuple[str, ...], count: int, conflict: str) -> str:
    mark = "?" if connection.vendor == "sqlite" else "%s"
    one = f"({', '.join([mark] * len(columns))})"
    return f"{_into(model)} ({', '.join(columns)}) VALUES {', '.join([one] * count)} {conflict}"


@lru_cache(maxsize=_GROUP_ROWS)
def _group_statement(count: int) -> str:
    shared, own = len(RecipientGroup.SHARED_COLUMNS), len(RecipientGroup.OWN_COLUMNS)
    common = [f"?{number}" for number in range(1, shared + 1)]
    rows = [
        f"({', '.join(common + [f'?{shared + own * row + number}' for number in range(1, own + 1)])})"
        for row in range(count)
    ]
    return f"{_into(MessageRecipient)} ({', '.join(GROUP_COLUMNS)}) VALUES {', '.join(rows)} {KEEP}"


def _into(model: type[models.Model]) -> str:
    """A failure ends the transaction anyway: so SQLite need not be able to undo the statement by itself, for which it
    would copy each page that it changes."""
    table = connection.ops.quote_name(model._meta.db_table)
    return f"INSERT {'OR FAIL ' if connection.vendor == 'sqlite' else ''}INTO {table}"
