"""Reads back what a spool holds, a piece at a time: a million messages neither fill the memory nor hold up the start.

A row that cannot be read goes to an operator; it never stops the others.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from transport.model.address import Address
from transport.model.envelope import Message, Recipient
from transport.model.next_hop import POISON
from transport.model.outcome import RecipientStatus
from transport.spool import rows
from transport.spool.schema import get_mark

NOBODY = Address("unreadable", "invalid")
CHUNK = 500


@dataclass(slots=True)
class Recovered:
    """``messages`` in order of arrival, without bodies, up to the id ``last``. ``filed`` ids have their body in a file,
    ``stated`` rows in ``recipient``. ``damaged`` are recipients to be set aside, whose message and ``last_reason`` say
    why; the envelopes of ``unreadable`` are lost."""

    messages: dict[int, Message] = field(default_factory=dict)
    filed: set[int] = field(default_factory=set)
    stated: set[int] = field(default_factory=set)
    damaged: list[tuple[Message, Recipient]] = field(default_factory=list)
    unreadable: set[int] = field(default_factory=set)
    last: int = 0


def extent(connection: sqlite3.Connection) -> tuple[int, int]:
    """The last message id and the number of the next event. Raises sqlite3.Error when the file itself is broken."""
    (last_id,) = connection.execute("SELECT max(id) FROM message").fetchone()
    (last,) = connection.execute("SELECT max(first + count - 1) FROM outbox").fetchone()
    known = max(get_mark(connection, "acknowledged"), get_mark(connection, "numbered"))
    return last_id or 0, max(last or 0, known) + 1


def recover(connection: sqlite3.Connection, *, after: int, up_to: int, limit: int = CHUNK) -> Recovered:
    """The next messages behind the id ``after``; none when there are no more. Raises sqlite3.Error."""
    found = Recovered(last=up_to)
    for message_id, envelope, has_body in connection.execute(
        "SELECT id, CAST(envelope AS BLOB), typeof(body) = 'blob' FROM message WHERE id > ? AND id <= ? "
        "ORDER BY id LIMIT ?",
        (after, up_to, limit),
    ):
        found.messages[message_id] = _message(found, message_id, envelope)
        if not has_body:
            found.filed.add(message_id)
    if len(found.messages) == limit:
        found.last = max(found.messages)
    states = connection.execute(
        "SELECT message_id, idx, CAST(state AS BLOB) FROM recipient WHERE message_id > ? AND message_id <= ?",
        (after, found.last),
    )
    _overlay(found, states)
    return found


def read_message(connection: sqlite3.Connection, message_id: int) -> Message:
    """One message as the file has it now; nobody's where it is not there. Raises sqlite3.Error."""
    found = recover(connection, after=message_id - 1, up_to=message_id, limit=1)
    return found.messages.get(message_id) or _nobodys(message_id)


def read_messages(connection: sqlite3.Connection, ids: Sequence[int]) -> dict[int, Message]:
    """Many messages as the file has them now; what is not there is left out. Raises sqlite3.Error."""
    found, wanted = Recovered(), (json.dumps(list(ids)),)
    chosen = "IN (SELECT value FROM json_each(?))"
    for message_id, envelope in connection.execute(
        f"SELECT id, CAST(envelope AS BLOB) FROM message WHERE id {chosen}",  # noqa: S608 - a constant
        wanted,
    ):
        found.messages[message_id] = _message(found, message_id, envelope)
    states = connection.execute(
        f"SELECT message_id, idx, CAST(state AS BLOB) FROM recipient WHERE message_id {chosen}",  # noqa: S608
        wanted,
    )
    _overlay(found, states)
    return found.messages


def _message(found: Recovered, message_id: int, envelope: bytes) -> Message:
    try:
        return rows.decode_message(message_id, envelope)
    except (ValueError, KeyError, TypeError) as error:
        message = _nobodys(message_id)
        found.unreadable.add(message_id)
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
    recipient.leave_route(POISON, reason)
    found.damaged.append((message, recipient))


def _overlay(found: Recovered, states: Iterable[tuple[int, int, bytes]]) -> None:
    """Put the recipients' later states over those of the commit."""
    for message_id, index, state in states:
        message = found.messages.get(message_id)
        if message is None:
            continue
        found.stated.add(message_id)
        if message_id in found.unreadable:
            _join(found, message, state)
            continue
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


def _join(found: Recovered, message: Message, state: bytes) -> None:
    """What is known of a recipient whose envelope is lost: it waits for an operator too, under its own name. Nobody
    stays while the first recipient is not known, so that the message is never taken for done."""
    try:
        known = rows.decode_recipient(state)
    except (ValueError, KeyError, TypeError):
        return
    nobody = message.recipients[0]
    if not known.status.is_final and known.next_hop != POISON:
        _set_aside(found, message, known, nobody.last_reason)
    if known.index != nobody.index:
        message.recipients.append(known)
    elif not known.status.is_final:
        message.recipients[0] = known
        found.damaged = [(of, one) for of, one in found.damaged if one is not nobody]


def mask(message: Message) -> int:
    """A bit for each recipient that is not final yet."""
    found, ready = 0, RecipientStatus.READY
    for recipient in message.recipients:
        if recipient.status is ready or not recipient.status.is_final:  # nearly all are, and that is seen faster
            found |= 1 << recipient.index
    return found


def settled(index: int) -> Recipient:
    """What says of a recipient only that it needs nothing more."""
    return Recipient(index, NOBODY, NOBODY, status=RecipientStatus.DELIVERED)
