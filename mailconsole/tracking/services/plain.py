"""The common life told in one batch: received, routed whole to one next hop, delivered. Rows without a fold.

Anything else about a message hands all that was told of it to the fold, which knows every case. Both make the same
rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import chain
from operator import itemgetter, le
from typing import Any, TypeAlias

from mailconsole.tracking.models import ADDRESS_LENGTH, MESSAGE_ID_LENGTH, event_key
from mailconsole.tracking.services.counts import ACCEPTED, BYTES, DELIVERED, Counters
from mailconsole.tracking.services.rows import (
    NEXT_HOP_LENGTH,
    RECIPIENT_COLUMNS,
    TEXT_LENGTH,
    Stamp,
    Stamping,
    address_keys,
    message_id_key,
)
from mailconsole.tracking.states import MessageStatus, RecipientState
from transport.model.event import EventId

Told: TypeAlias = tuple[int, bytes]
"""An event as the node wrote it, with its sequence."""

_LENGTHS = (ADDRESS_LENGTH, MESSAGE_ID_LENGTH, 500, 64, 255, 255, 255, 100, 64)
_ADDRESS_KEY = itemgetter(RECIPIENT_COLUMNS.index("address_key"))
_PENDING, _DELIVERED = RecipientState.PENDING.value, RecipientState.DELIVERED.value
_PENDING_WHOLE, _DELIVERED_WHOLE = MessageStatus.PENDING.value, MessageStatus.DELIVERED.value


@dataclass(slots=True)
class _Life:
    """A message so far, in values only: decoded events of a batch would be many objects to the garbage collector."""

    received: Told
    at: float
    texts: tuple[str, ...]
    size_bytes: int
    revision: int
    addresses: list[str]
    next_hop: str
    sent: Told | None = None
    sent_at: float = 0.0
    reply: str = ""
    reason: str = ""
    attempts: int = 0


class PlainLives:
    """Takes what is plain; ``rest`` gathers all other events, in the order in which they were told."""

    def __init__(self, node_id: int) -> None:
        self._node_id = node_id
        self._lives: dict[int, _Life] = {}
        self.rest: list[Told] = []

    def add(self, told: Told, event: dict[str, Any]) -> None:
        """One event, and what it says as JSON has it."""
        message_id, kind = event.get("message_id", 0), event.get("e")
        life = self._lives.get(message_id)
        try:
            is_plain = self._receive(told, event, message_id) if life is None and kind == "RECEIVE" else False
            if life is not None and kind == "SEND":
                is_plain = _send(life, told, event)
        except (KeyError, TypeError, AttributeError):  # no text where one belongs: as the fold sees it
            is_plain = False
        if not is_plain:
            if life is not None:
                self._give_up(message_id)
            self.rest.append(told)

    def _receive(self, told: Told, event: dict[str, Any], message_id: int) -> bool:
        detail = event.get("detail") or {}
        addresses, routes = detail.get("recipients"), detail.get("routes")
        if not (message_id and addresses and routes) or len(routes) != 1 or not _is_plain_text(told[1]):
            return False
        next_hop, found = routes[0].get("next_hop", ""), routes[0].get("recipients")
        if found != addresses or len(next_hop) > NEXT_HOP_LENGTH or max(map(len, addresses)) > ADDRESS_LENGTH:
            return False
        if len(addresses) > 1 and len({address.lower() for address in addresses}) != len(addresses):
            return False
        texts = (
            event.get("sender", ""),
            message_id_key(detail.get("internet_message_id")),
            detail.get("subject", ""),
            event.get("peer", ""),
            detail.get("helo", ""),
            detail.get("identity", ""),
            detail.get("tls", ""),
            event.get("connector_id", ""),
            event.get("session_id", ""),
        )
        if not all(map(le, map(len, texts), _LENGTHS)):
            return False
        size_bytes, revision = event.get("size_bytes", 0), event.get("revision", 0)
        self._lives[message_id] = _Life(told, event["at"], texts, size_bytes, revision, addresses, next_hop)
        return True

    def _give_up(self, message_id: int) -> None:
        life = self._lives.pop(message_id)
        self.rest.append(life.received)
        if life.sent is not None:
            self.rest.append(life.sent)

    def finish(self, stamp: Stamping, counters: Counters) -> tuple[list[Any], list[Any]]:
        """The values of all messages and of all recipients, one after the other, in the order of their columns."""
        messages: list[Any] = []
        recipients: list[tuple[Any, ...]] = []
        for message_id, life in self._lives.items():
            key, at = event_key(self._node_id, life.received[0]), stamp(life.at)
            ended = stamp(life.sent_at) if life.sent is not None else None
            messages += self._message(message_id, key, life, at, ended)
            recipients += _recipients(key, life, at, ended)
            counters.add(life.at, ACCEPTED)
            counters.add(life.at, BYTES, life.size_bytes)
            if life.sent is not None:
                counters.add(life.sent_at, DELIVERED, len(life.addresses))
        if len(recipients) > len(self._lives):  # one page of the index after the other: a fifth of what it costs
            recipients.sort(key=_ADDRESS_KEY)
        return messages, list(chain.from_iterable(recipients))

    def _message(self, message_id: int, key: int, life: _Life, at: Stamp, ended: Stamp | None) -> tuple[Any, ...]:
        sender, internet_id, subject, peer, helo, identity, tls, connector_id, session_id = life.texts
        told = life.received[1] if life.sent is None else life.received[1] + b"\n" + life.sent[1]
        return (
            key,
            self._node_id,
            message_id,
            at,
            ended,
            _PENDING_WHOLE if ended is None else _DELIVERED_WHOLE,
            sender,
            *address_keys(sender),
            len(life.addresses),
            internet_id,
            subject,
            life.size_bytes,
            peer,
            helo,
            identity,
            tls,
            connector_id,
            session_id,
            life.revision,
            told.decode("ascii"),
        )


def _send(life: _Life, told: Told, event: dict[str, Any]) -> bool:
    detail = event.get("detail") or {}
    recipient, reply, reason = event.get("recipient"), event.get("reply", ""), event.get("reason", "")
    about = [recipient] if recipient else detail.get("recipients")
    if life.sent is not None or about != life.addresses or not _is_plain_text(told[1]):
        return False
    next_hop, attempts = detail.get("next_hop", ""), detail.get("attempt", 0)
    if max(len(reply), len(reason)) > TEXT_LENGTH or len(next_hop) > NEXT_HOP_LENGTH or "next_attempt_at" in detail:
        return False
    if not isinstance(attempts, int) or attempts < 0:
        return False
    life.sent, life.sent_at, life.reply, life.reason, life.attempts = told, event["at"], reply, reason, attempts
    life.next_hop = next_hop or life.next_hop
    return True


def _recipients(key: int, life: _Life, at: Stamp, ended: Stamp | None) -> list[tuple[Any, ...]]:
    state, updated_at = (_PENDING, at) if ended is None else (_DELIVERED, ended)
    end = (state, life.attempts, life.next_hop, life.reply, life.reason, None, updated_at)
    return [(key, at, address, *address_keys(address), *end) for address in life.addresses]


def _is_plain_text(data: bytes) -> bool:
    """Nothing in it that a column could not hold: NUL and halves of surrogates need an escape or are not ASCII."""
    return data.isascii() and b"\\u" not in data


assert EventId.RECEIVE == "RECEIVE" and EventId.SEND == "SEND"  # compared with what was decoded, for speed
