"""Find messages: every filter is answered by an index, newest first, page by page from the last row seen (keyset)."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from heapq import merge
from itertools import groupby, islice
from typing import TypeVar

from django.db import connection
from django.db.models import Q, QuerySet

from mailconsole.tracking.models import FIRST_IN_DOMAIN, NOT_DELIVERED, AuditedMessage, Message, MessageRecipient
from mailconsole.tracking.services.rows import message_id_key
from mailconsole.tracking.states import MessageStatus, Severity
from transport.model.envelope import decode_queue_id

PAGE_SIZE = 50
Rows = TypeVar("Rows", QuerySet[Message], QuerySet[MessageRecipient], QuerySet[AuditedMessage])
_LAST_CHARACTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class MessageQuery:
    """What is asked; empty fields ask nothing. `text` is what stands in the search field, of any kind.

    `sender` and `recipient` are an address, a domain (with or without @), or the beginning of an address; `severity` is
    that of Severity, 0 for any.
    """

    text: str = ""
    sender: str = ""
    recipient: str = ""
    peer: str = ""
    status: str = ""
    severity: int = 0
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Position:
    """The last row of a page, by which the next one begins."""

    received_at: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.received_at.timestamp():.6f}-{self.id}"

    @classmethod
    def parse(cls, text: str) -> Position:
        """The inverse of `str()`. Raises ValueError."""
        seconds, _, key = text.partition("-")
        try:
            return cls(datetime.fromtimestamp(float(seconds), UTC), int(key))
        except (OverflowError, OSError) as problem:
            raise ValueError(text) from problem


@dataclass(frozen=True, slots=True)
class MessagePage:
    """One page of messages; `following` is where the next one begins, None at the end."""

    messages: list[Message]
    following: Position | None


def search_messages(query: MessageQuery, *, after: Position | None = None, size: int = PAGE_SIZE) -> MessagePage:
    """A page of the messages that match, newest first."""
    streams = [_rows(one, after, size + 1) for reading in _readings(query) for one in _meanings(reading)]
    merged = merge(*streams, key=lambda message: (message.received_at, message.pk), reverse=True)
    distinct = [next(same) for _, same in groupby(merged, key=lambda message: message.pk)]
    messages = list(islice(distinct, size))
    is_more = len(distinct) > size
    return MessagePage(messages, Position(messages[-1].received_at, messages[-1].pk) if is_more else None)


def _readings(query: MessageQuery) -> list[_Reading]:
    """What the text may mean, each as a query that one index answers; the other filters hold for all of them."""
    text = query.text.strip()
    plain = replace(query, text="")
    if not text:
        return [_Reading(plain)]
    queue_id = _queue_id(text)
    if queue_id is not None:
        return [_Reading(plain, Q(spool_id=queue_id))]
    if _is_ip(text):
        return [_Reading(replace(plain, peer=text))]
    readings = [_Reading(plain, Q(internet_message_id=message_id_key(text)))]
    if not query.sender:
        readings.append(_Reading(replace(plain, sender=text)))
    if not query.recipient:
        readings.append(_Reading(replace(plain, recipient=text)))
    return readings


@dataclass(frozen=True, slots=True)
class _Reading:
    query: MessageQuery
    exact: Q = field(default_factory=Q)


def _meanings(reading: _Reading) -> list[_Reading]:
    """`contoso.com` may be a domain or the beginning of an address: two indexes, so two questions."""
    query = reading.query
    return [
        _Reading(replace(query, sender=sender, recipient=recipient), reading.exact)
        for sender in _address_meanings(query.sender)
        for recipient in _address_meanings(query.recipient)
    ]


def _address_meanings(text: str) -> list[str]:
    text = text.strip().lower().removeprefix("<").removesuffix(">")
    return [f"@{text}", text] if "." in text and "@" not in text else [text]


def _rows(reading: _Reading, after: Position | None, limit: int) -> Iterator[Message]:
    query = reading.query
    if query.recipient:
        return _by_recipient(reading, after, limit)
    if query.severity:
        return _by_severity(reading, after, limit)
    found = _filtered(Message.objects.defer("life").filter(reading.exact), query, "")
    found = _window(found, query, after, "pk").select_related("node").order_by("-received_at", "-pk")
    return iter(found[:limit])


def _by_recipient(reading: _Reading, after: Position | None, limit: int) -> Iterator[Message]:
    """From the recipients' own index; a message whose recipients match twice is one row."""
    query = reading.query
    found = MessageRecipient.objects.filter(matching(query.recipient, "address_key", "domain"))
    if query.recipient.startswith("@"):
        found = found.filter(FIRST_IN_DOMAIN)  # in the words of its index
    if reading.exact:
        found = found.filter(message__in=Message.objects.filter(reading.exact))
    found = _filtered(found, query, "message__")
    found = _window(found, query, after, "message_id").select_related("message__node").defer("message__life")
    rows = found.order_by("-received_at", "-message_id").iterator(chunk_size=limit)
    return islice(_once(row.message for row in rows), limit)


def _by_severity(reading: _Reading, after: Position | None, limit: int) -> Iterator[Message]:
    """From the few that have one."""
    found = AuditedMessage.objects.filter(severity=reading.query.severity)
    if reading.exact:
        found = found.filter(message__in=Message.objects.filter(reading.exact))
    found = _filtered(found, replace(reading.query, severity=0), "message__")
    found = _window(found, reading.query, after, "message_id").select_related("message__node").defer("message__life")
    return (row.message for row in found.order_by("-received_at", "-message_id")[:limit])


def _filtered(found: Rows, query: MessageQuery, prefix: str) -> Rows:
    if query.sender:
        found = found.filter(matching(query.sender, f"{prefix}sender_key", f"{prefix}sender_domain"))
    if query.peer:
        found = found.filter(**{f"{prefix}peer": query.peer})
    if query.status:
        found = found.filter(**{f"{prefix}status": query.status})
        if query.status != MessageStatus.DELIVERED and not prefix:
            found = found.filter(NOT_DELIVERED)  # in the words of its index
    if query.severity:
        found = found.filter(**{f"{prefix}audited__severity": query.severity})
    return found


def _window(found: Rows, query: MessageQuery, after: Position | None, key: str) -> Rows:
    if query.since:
        found = found.filter(received_at__gte=query.since)
    if query.until:
        found = found.filter(received_at__lt=query.until)
    if after is not None:
        same = Q(received_at=after.received_at, **{f"{key}__lt": after.id})
        found = found.filter(Q(received_at__lt=after.received_at) | same, received_at__lte=after.received_at)
    return found


def matching(text: str, key: str, domain: str) -> Q:
    """An address, a domain (`@contoso.com`), or the beginning of an address, as a condition on two columns."""
    if text.startswith("@"):
        return Q(**{domain: text[1:]})
    if "@" in text:
        return Q(**{key: text})
    return Q(**_beginning(key, text))


def _beginning(key: str, text: str) -> dict[str, str]:
    """SQLite uses an index for a range, PostgreSQL (with pattern operators) for LIKE."""
    if connection.vendor == "sqlite":
        return {f"{key}__gte": text, f"{key}__lt": text + _LAST_CHARACTER}
    return {f"{key}__startswith": text}


def _once(messages: Iterable[Message]) -> Iterator[Message]:
    last = None
    for message in messages:
        if message.pk != last:
            last = message.pk
            yield message


def _queue_id(text: str) -> int | None:
    try:
        return decode_queue_id(text)
    except ValueError:
        return None


def _is_ip(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def severities(messages: Iterable[Message]) -> dict[int, Severity]:
    """By the key of those messages that have one."""
    found = AuditedMessage.objects.filter(message__in=list(messages)).values_list("message_id", "severity")
    return {key: Severity(severity) for key, severity in found}
