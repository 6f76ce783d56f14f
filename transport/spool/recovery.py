"""Reads back what a spool holds. A row that cannot be read goes to an operator; it never stops the others."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass, field

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.next_hop import POISON
from transport.spool import rows

NOBODY = Address("unreadable", "invalid")


@dataclass(slots=True)
class Recovered:
    """``messages`` in order of arrival, without bodies. ``filed`` ids have their body in a file, ``stated`` rows in
    ``recipient``. ``damaged`` are recipients to be set aside, whose message and ``last_reason`` say why."""

    messages: dict[int, Message] = field(default_factory=dict)
    filed: set[int] = field(default_factory=set)
    stated: set[int] = field(default_factory=set)
    damaged: list[tuple[Message, Recipient]] = field(default_factory=list)
    next_event: int = 1


def recover(connection: sqlite3.Connection) -> Recovered:
    """All that is in the file. Raises sqlite3.Error when the file itself is broken."""
    found = Recovered()
    for message_id, envelope, has_body in connection.execute(
        "SELECT id, CAST(envelope AS BLOB), typeof(body) = 'blob' FROM message ORDER BY id"
    ):
        found.messages[message_id] = _message(found, message_id, envelope)
        if not has_body:
            found.filed.add(message_id)
    _overlay(found, connection)
    (last,) = connection.execute("SELECT max(first + count - 1) FROM outbox").fetchone()
    mark = connection.execute("SELECT value FROM mark WHERE name = 'acknowledged'").fetchone()
    found.next_event = max(last or 0, mark[0] if mark else 0) + 1
    return found


def _message(found: Recovered, message_id: int, envelope: bytes) -> Message:
    try:
        return rows.decode_message(message_id, envelope)
    except (ValueError, KeyError, TypeError) as error:
        message = _nobodys(message_id)
        _set_aside(found, message, message.recipients[0], f"its envelope in the spool cannot be read: {error!r}")
        return message


def _nobodys(message_id: int) -> Message:
    """What stands for a message whose sender and recipients are not known: it can be kept, seen and removed."""
    recipient = Recipient(0, NOBODY, NOBODY)
    return Message(
        id=message_id,
        envelope_sender=Address("", ""),
        recipients=[recipient],
        size_bytes=0,
        received_at=rows.time_of(message_id),
        expires_at=0.0,
        session_id="",
        peer="",
        helo="",
        identity="",
        connector_id="",
        revision=0,
        is_dsn=True,  # nobody is told about it
    )


def _set_aside(found: Recovered, message: Message, recipient: Recipient, reason: str) -> None:
    recipient.next_hop, recipient.last_reason = POISON, reason
    found.damaged.append((message, recipient))


def _overlay(found: Recovered, connection: sqlite3.Connection) -> None:
    """Put the recipients' later states over those of the commit."""
    for message_id, index, state in connection.execute("SELECT message_id, idx, CAST(state AS BLOB) FROM recipient"):
        message = found.messages.get(message_id)
        if message is None:
            continue
        found.stated.add(message_id)
        at = next((at for at, known in enumerate(message.recipients) if known.index == index), None)
        if at is None:
            continue
        try:
            message.recipients[at] = rows.decode_recipient(state)
        except (ValueError, KeyError, TypeError) as error:
            reason = f"its state in the spool cannot be read, it may have been delivered: {error!r}"
            _set_aside(found, message, message.recipients[at], reason)
            continue
        if message.recipients[at].next_hop == POISON:  # it was told at an earlier start
            found.damaged = [(of, one) for of, one in found.damaged if of is not message or one.index != index]
