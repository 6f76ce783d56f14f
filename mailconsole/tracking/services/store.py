"""Write folded rows in as few statements as the database likes best; SQLite and PostgreSQL alike."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import islice
from operator import attrgetter
from typing import Any

from django.db import connection

from mailconsole.nodes.services import keep_events
from mailconsole.tracking.models import (
    AuditedMessage,
    Message,
    MessageRecipient,
    MinuteCounter,
    ObjectUse,
    Refusal,
    TrackingEvent,
)
from mailconsole.tracking.services.fold import Fold, KnownMessage
from mailconsole.tracking.services.groups import GROUP_COLUMNS, PlainRows
from mailconsole.tracking.services.inserting import KEEP, insert, insert_groups, insert_values, upsert
from mailconsole.tracking.services.lost import hand_over
from mailconsole.tracking.services.rows import (
    AUDITED_COLUMNS,
    COUNTER_COLUMNS,
    EVENT_COLUMNS,
    MESSAGE_COLUMNS,
    RECIPIENT_COLUMNS,
    REFUSAL_COLUMNS,
    USE_COLUMNS,
    RecipientRow,
)
from mailconsole.tracking.services.uses import Uses

_LOOKUP_CHUNK = 500
_RECIPIENT_KEY = ("message_id", "address_key")
_message_values = attrgetter(*MESSAGE_COLUMNS)
_recipient_values = attrgetter(*RECIPIENT_COLUMNS)


def load_known(node_id: int, spool_ids: Iterable[int]) -> dict[int, KnownMessage]:
    """Messages of earlier batches with their recipients, by the spool's id."""
    by_key: dict[int, KnownMessage] = {}
    by_spool_id: dict[int, KnownMessage] = {}
    for chunk in _chunks(spool_ids, _LOOKUP_CHUNK):
        found = Message.objects.filter(node_id=node_id, spool_id__in=chunk).values_list("spool_id", "id", "received_at")
        for spool_id, key, received_at in found:
            by_key[key] = by_spool_id[spool_id] = KnownMessage(key, _adapted(received_at))
    for chunk in _chunks(by_key, _LOOKUP_CHUNK):
        rows = MessageRecipient.objects.filter(message_id__in=chunk).values_list(*RECIPIENT_COLUMNS)
        for values in rows:
            row = RecipientRow(*map(_adapted, values))
            by_key[row.message_id].know(row)
    return by_spool_id


def store(fold: Fold, plain: PlainRows) -> None:
    """Write everything that the fold holds, and what needed none, in the caller's transaction."""
    insert_values(Message, MESSAGE_COLUMNS, plain.messages, KEEP)
    insert_values(MessageRecipient, GROUP_COLUMNS, plain.recipients, KEEP)
    insert_groups(plain.groups)
    new = [message for message in fold.known.values() if message.row is not None]
    for message in new:
        _finish_row(message)
    insert(Message, MESSAGE_COLUMNS, [_message_values(message.row) for message in new], KEEP)
    begun = {message.id for message in new}
    changed = [_recipient_values(row) for row in fold.changed.values() if row.message_id not in begun]
    insert(
        MessageRecipient,
        RECIPIENT_COLUMNS,
        [_recipient_values(row) for message in new for row in message.recipients.values()],
        KEEP,
    )
    insert(
        MessageRecipient,
        RECIPIENT_COLUMNS,
        changed,
        upsert(RECIPIENT_COLUMNS, _RECIPIENT_KEY, "{0} = excluded.{0}"),
    )
    _update_status([message for message in fold.known.values() if message.row is None and message.is_touched])
    insert(TrackingEvent, EVENT_COLUMNS, fold.events, KEEP)
    _store_audited(fold)
    insert(Refusal, REFUSAL_COLUMNS, fold.refusals, KEEP)
    keep_events(fold.node_id, fold.node_events)
    hand_over(fold.taken_over)
    insert(
        MinuteCounter,
        COUNTER_COLUMNS,
        [(fold.node_id, fold.stamp(minute), *counts) for minute, counts in fold.counters],
        upsert(
            COUNTER_COLUMNS, ("minute", "node_id"), f"{{0}} = {MinuteCounter._meta.db_table}.{{0}} + excluded.{{0}}"
        ),
    )


def _store_audited(fold: Fold) -> None:
    """A message may be told to fit other rules in a later batch: the gravest stays."""
    table = connection.ops.quote_name(AuditedMessage._meta.db_table)
    gravest = upsert(AUDITED_COLUMNS, ("message_id",), "{0} = excluded.{0}")
    rows = [(key, received_at, severity) for key, (received_at, severity) in fold.audited.items()]
    insert(AuditedMessage, AUDITED_COLUMNS, rows, f"{gravest} WHERE excluded.severity > {table}.severity")


def store_uses(fold: Fold, uses: Uses) -> None:
    """Add what a batch counted of each object of the configuration, in the caller's transaction."""
    table = connection.ops.quote_name(ObjectUse._meta.db_table)
    conflict = (
        "ON CONFLICT (section, object_id, day, node_id) DO UPDATE"
        f" SET count = {table}.count + excluded.count, last_at = excluded.last_at"
    )
    rows = [
        (fold.node_id, section, key, fold.stamp(day), count, fold.stamp(at)) for day, section, key, count, at in uses
    ]
    insert(ObjectUse, USE_COLUMNS, rows, conflict)


def _finish_row(message: KnownMessage) -> None:
    assert message.row is not None
    status = message.status
    message.row.status = status.value
    message.row.finished_at = message.finished_at if status.is_final else None
    message.row.life = b"\n".join(message.life).decode("utf-8", "replace")


def _update_status(messages: list[KnownMessage]) -> None:
    values = []
    for message in messages:
        status = message.status
        values.append((status.value, message.finished_at if status.is_final else None, message.id))
    if values:
        with connection.cursor() as cursor:
            table = connection.ops.quote_name(Message._meta.db_table)
            cursor.executemany(f"UPDATE {table} SET status = %s, finished_at = %s WHERE id = %s", values)  # noqa: S608


def _adapted(value: Any) -> Any:
    """What was read, as it is written."""
    return connection.ops.adapt_datetimefield_value(value) if isinstance(value, datetime) else value


def _chunks(values: Iterable[Any], size: int) -> Iterable[list[Any]]:
    iterator = iter(values)
    while chunk := list(islice(iterator, size)):
        yield chunk
