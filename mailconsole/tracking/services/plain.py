"""The common life told in one batch: received, routed whole to one next hop, delivered. Rows without a fold.

Anything else about a message hands all that was told of it to the fold, which knows every case. Both make the same
rows.
"""

from __future__ import annotations

from itertools import chain
from typing import Any, TypeAlias

from mailconsole.tracking.models import event_key
from mailconsole.tracking.services.counts import ACCEPTED, BYTES, DELIVERED, Counters
from mailconsole.tracking.services.groups import PlainRows, RecipientGroup
from mailconsole.tracking.services.pieces import Decided, Receipt, read_receipt, read_sending, split
from mailconsole.tracking.services.rows import Stamp, Stamping, address_keys
from mailconsole.tracking.services.uses import Uses
from mailconsole.tracking.states import MessageStatus, RecipientState

Told: TypeAlias = tuple[int, bytes]
"""An event as the node wrote it, with its sequence."""

_WORTH_A_STATEMENT = 4
"""Recipients of one message; fewer are written together with those of others."""

_PENDING, _DELIVERED = RecipientState.PENDING.value, RecipientState.DELIVERED.value
_PENDING_WHOLE, _DELIVERED_WHOLE = MessageStatus.PENDING.value, MessageStatus.DELIVERED.value


class PlainLives:
    """Gathers what is plain of one batch."""

    def __init__(self, node_id: int) -> None:
        self._node_id = node_id
        self._receipts: dict[int, Receipt] = {}

    def add(self, told: Told) -> bool:
        """Take an event; False if it is not plain: then what ``give_up`` has of its message goes with it."""
        sequence, data = told
        try:
            text = data.decode()
        except UnicodeDecodeError:
            return False
        if "\\" in text:
            return False
        body, kind, at = split(text)
        if kind == "SEND":
            return read_sending(sequence, text, body, at, self._receipts) is not None
        return kind == "RECEIVE" and self._receive(read_receipt(sequence, text, body, at))

    def _receive(self, receipt: Receipt | None) -> bool:
        if receipt is None or receipt.message_id in self._receipts:
            return False
        self._receipts[receipt.message_id] = receipt
        return True

    def give_up(self, message_id: int) -> list[Told]:
        """What was told of a message; it is not plain."""
        receipt = self._receipts.pop(message_id, None)
        told = [] if receipt is None else [receipt, receipt.sending]
        return [(one.sequence, one.text.encode()) for one in told if one is not None]

    def finish(self, stamp: Stamping, counters: Counters, uses: Uses) -> PlainRows:
        """The rows of all, and what they count."""
        found = PlainRows()
        for receipt in self._receipts.values():
            key, at, sending = event_key(self._node_id, receipt.sequence), stamp(receipt.at), receipt.sending
            ended = stamp(sending.at) if sending is not None else None
            found.messages += _message(self._node_id, key, receipt, at, ended)
            group = RecipientGroup(_shared(key, receipt, at, ended), receipt.own)
            if receipt.recipient_count < _WORTH_A_STATEMENT:
                found.recipients += chain.from_iterable(group.rows())
            else:
                found.groups.append(group)
        self._count(counters, uses)
        return found

    def _count(self, counters: Counters, uses: Uses) -> None:
        """What is alike is counted together."""
        alike: dict[tuple[int, str, Decided], list[Receipt]] = {}
        for receipt in self._receipts.values():
            alike.setdefault((int(receipt.at) // 60, receipt.said[4], receipt.decided), []).append(receipt)
            if receipt.sending is not None:
                counters.add(receipt.sending.at, DELIVERED, receipt.recipient_count)
        for (minute, connector_id, decided), receipts in alike.items():
            counters.add(minute * 60, ACCEPTED, len(receipts))
            counters.add(minute * 60, BYTES, sum([int(receipt.said[5]) for receipt in receipts]))
            uses.count(decided.hits, connector_id, max([receipt.at for receipt in receipts]), len(receipts))


def _message(node_id: int, key: int, receipt: Receipt, at: Stamp, ended: Stamp | None) -> tuple[Any, ...]:
    _, session_id, sender, peer, connector_id, size_bytes, revision, _ = receipt.said
    session, sending = receipt.session, receipt.sending
    return (
        key,
        node_id,
        receipt.message_id,
        at,
        ended,
        _PENDING_WHOLE if ended is None else _DELIVERED_WHOLE,
        sender,
        *address_keys(sender),
        receipt.recipient_count,
        receipt.internet_message_id,
        receipt.subject,
        int(size_bytes),
        peer,
        session.helo,
        session.identity,
        session.tls,
        connector_id,
        session_id,
        int(revision),
        receipt.text if sending is None else f"{receipt.text}\n{sending.text}",
    )


def _shared(key: int, receipt: Receipt, at: Stamp, ended: Stamp | None) -> tuple[Any, ...]:
    """Of all recipients; as RecipientGroup has it."""
    sending, routed = receipt.sending, receipt.decided.next_hop
    if sending is None:
        return (key, at, _PENDING, 0, routed, "", "", at)
    delivery = sending.delivery
    return (key, at, _DELIVERED, delivery.attempts, delivery.next_hop or routed, sending.reply, sending.reason, ended)
