"""Fold a batch of events into rows: pure, one pass, in the order in which the node wrote them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailconsole.tracking.models import ADDRESS_LENGTH, event_key
from mailconsole.tracking.services.counts import ACCEPTED, BYTES, DEFERRED, DELIVERED, FAILED, REFUSED, Counters
from mailconsole.tracking.services.rows import (
    MOST_BYTES,
    NEXT_HOP_LENGTH,
    TEXT_LENGTH,
    MessageRow,
    RecipientRow,
    Stamp,
    Stamping,
    clip,
    event_row,
    message_row,
    new_recipient,
    refusal_row,
    whole,
)
from mailconsole.tracking.states import MessageStatus, RecipientState, Severity, summarize
from transport.model.event import EventId, TrackingEvent


@dataclass(slots=True)
class KnownMessage:
    """A message as the tables or this batch have it; `recipients` by address in lower case, `domains` those that they
    have. `row` and `life` (events as the node wrote them) are of a new one only."""

    id: int
    received_at: Stamp
    recipients: dict[str, RecipientRow] = field(default_factory=dict)
    domains: set[str] = field(default_factory=set)
    row: MessageRow | None = None
    life: list[bytes] = field(default_factory=list)
    is_touched: bool = False
    finished_at: Stamp | None = None

    def add(self, row: RecipientRow) -> None:
        """A recipient that is in no table yet."""
        row.domain = "" if row.domain in self.domains else row.domain
        self.know(row)

    def know(self, row: RecipientRow) -> None:
        self.recipients[row.address_key] = row
        self.domains.add(row.domain)

    @property
    def status(self) -> MessageStatus:
        return summarize(recipient.state for recipient in self.recipients.values())


@dataclass(slots=True)
class Fold:
    """What a batch amounts to. `known` holds messages of earlier batches, by the spool's id; `stamp` makes of unix
    seconds what the database stores. `taken_over`: messages of other nodes, by their ids there,
    that this one delivers. `audited`: when received and the gravest severity, by the key of the message."""

    node_id: int
    known: dict[int, KnownMessage]
    stamp: Stamping
    counters: Counters = field(default_factory=Counters)
    events: list[tuple[Any, ...]] = field(default_factory=list)
    refusals: list[tuple[Any, ...]] = field(default_factory=list)
    node_events: list[tuple[int, TrackingEvent]] = field(default_factory=list)
    changed: dict[tuple[int, str], RecipientRow] = field(default_factory=dict)
    orphans: int = 0
    taken_over: list[tuple[str, int]] = field(default_factory=list)
    audited: dict[int, tuple[Stamp, int]] = field(default_factory=dict)

    def add(self, sequence: int, data: bytes, event: TrackingEvent) -> None:
        """Fold one event; ``data`` is what the node wrote of it."""
        at = self.stamp(event.at)
        if event.event is EventId.REFUSE:
            self._refuse(event_key(self.node_id, sequence), event, at)
            return
        if event.event is EventId.RECEIVE:
            self._receive(event_key(self.node_id, sequence), event, at)
        if not event.message_id:
            self.node_events.append((sequence, event))
            return
        message = self.known.get(event.message_id)
        if message is None:
            self.orphans += 1
            return
        if message.row is not None:
            message.life.append(data)
        else:
            self.events.append(event_row(event_key(self.node_id, sequence), message.id, event, at))
        apply = _APPLY.get(event.event)
        if apply is not None:
            apply(self, message, event, at)

    def _refuse(self, key: int, event: TrackingEvent, at: Stamp) -> None:
        self.refusals.append(refusal_row(self.node_id, key, event, at))
        self._count(event, REFUSED, 1 + whole(event.detail.get("untold")))  # in a flood not each is told

    def _receive(self, key: int, event: TrackingEvent, at: Stamp) -> None:
        if event.message_id in self.known:
            return
        addresses = event.detail.get("recipients") or ([event.recipient] if event.recipient else [])
        message = KnownMessage(key, at, row=message_row(self.node_id, key, event, at, len(addresses)))
        self.known[event.message_id] = message
        for address in addresses:
            self._recipient(message, address, at)
        for row in event.detail.get("routes") or ():
            self._take_route(message, row, row.get("recipients") or (), at)
        self._count(event, ACCEPTED)
        self._count(event, BYTES, whole(event.size_bytes, MOST_BYTES))

    def _replace(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        members = [str(member) for member in event.detail.get("to") or ()]
        if [member.lower() for member in members] == [event.recipient.lower()]:
            return
        if not self._recipient(message, event.recipient, at).next_hop:  # else delivered as well as forwarded
            self._become(message, event, at, RecipientState.EXPANDED)
        for member in members:
            self._recipient(message, member, at)

    def _transfer(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        """What becomes of them is told with the copy."""
        for address in event.detail.get("to") or ():
            recipient = self._recipient(message, str(address), at)
            recipient.state, recipient.updated_at = RecipientState.EXPANDED.value, at
        message.is_touched = True
        message.finished_at = at

    def _hand_over(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        """Another node delivers it: what becomes of them is told there, under the same queue id."""
        for recipient in message.recipients.values():
            if recipient.state in (RecipientState.PENDING, RecipientState.DEFERRED, RecipientState.SUSPENDED):
                recipient.state, recipient.updated_at = RecipientState.EXPANDED.value, at
                self.changed[message.id, recipient.address_key] = recipient
        message.is_touched = True
        message.finished_at = at

    def _take_over(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        """This node delivers it from its copy: the row of the node that was lost waits for nothing any more."""
        origin = whole(event.detail.get("from_id"), MOST_BYTES)
        self.taken_over.append((clip(event.detail.get("from_node"), TEXT_LENGTH), origin or event.message_id))

    def _audit(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        severity = _SEVERITIES.get(str(event.detail.get("severity") or ""))
        if severity is not None:
            _, gravest = self.audited.get(message.id, (None, 0))
            self.audited[message.id] = message.received_at, max(severity, gravest)

    def _route(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._take_route(message, event.detail, event.detail.get("recipients") or [event.recipient], at)

    def _take_route(self, message: KnownMessage, route: dict[str, Any], addresses: Sequence[str], at: Stamp) -> None:
        for address in addresses:
            recipient = self._recipient(message, address, at)
            recipient.next_hop = clip(route.get("next_hop"), NEXT_HOP_LENGTH)
            if recipient.state == RecipientState.EXPANDED:
                recipient.state = RecipientState.PENDING.value

    def _send(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._count(event, DELIVERED, self._become(message, event, at, RecipientState.DELIVERED))

    def _defer(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._count(event, DEFERRED, self._become(message, event, at, RecipientState.DEFERRED))

    def _fail(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._count(event, FAILED, self._become(message, event, at, RecipientState.FAILED))

    def _suspend(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._become(message, event, at, RecipientState.SUSPENDED)

    def _resume(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> None:
        self._become(message, event, at, RecipientState.PENDING)

    def _become(self, message: KnownMessage, event: TrackingEvent, at: Stamp, state: RecipientState) -> int:
        """Change the recipients that the event is about; returns how many became something new or tried again."""
        count = 0
        for recipient in self._meant(message, event, at):
            if recipient.state in _ENDED:
                continue
            count += 1
            recipient.state = state.value
            recipient.last_reply = clip(event.reply, TEXT_LENGTH)
            recipient.last_reason = clip(event.reason, TEXT_LENGTH)
            recipient.next_hop = clip(event.detail.get("next_hop"), NEXT_HOP_LENGTH) or recipient.next_hop
            recipient.attempts = max(recipient.attempts, whole(event.detail.get("attempt")))
            recipient.next_attempt_at = self._stamp_or_none(event.detail.get("next_attempt_at"))
            recipient.updated_at = at
        message.is_touched = True
        message.finished_at = at
        return count

    def _meant(self, message: KnownMessage, event: TrackingEvent, at: Stamp) -> list[RecipientRow]:
        """The recipients that the event names, or all of them where it names none."""
        about = event.about
        if not about:
            self.changed.update({(message.id, key): row for key, row in message.recipients.items()})
            return list(message.recipients.values())
        return [self._recipient(message, address, at) for address in about]

    def _recipient(self, message: KnownMessage, address: str, at: Stamp) -> RecipientRow:
        key = clip(address, ADDRESS_LENGTH).lower()[:ADDRESS_LENGTH]
        row = message.recipients.get(key)
        if row is None:
            row = new_recipient(message.id, address, received_at=message.received_at, now=at)
            message.add(row)
            message.is_touched = True
        self.changed[message.id, key] = row
        return row

    def _stamp_or_none(self, value: object) -> Stamp | None:
        return self.stamp(value) if isinstance(value, int | float) and value > 0 else None

    def _count(self, event: TrackingEvent, what: int, amount: int = 1) -> None:
        self.counters.add(event.at, what, amount)


_SEVERITIES = {one.label: one.value for one in Severity}
_ENDED = (RecipientState.DELIVERED, RecipientState.FAILED)
_APPLY: dict[EventId, Callable[[Fold, KnownMessage, TrackingEvent, Stamp], None]] = {
    EventId.RESOLVE: Fold._replace,
    EventId.REDIRECT: Fold._replace,
    EventId.EXPAND: Fold._replace,
    EventId.TRANSFER: Fold._transfer,
    EventId.ROUTE: Fold._route,
    EventId.AGENT_INFO: Fold._audit,
    EventId.SEND: Fold._send,
    EventId.DEFER: Fold._defer,
    EventId.FAIL: Fold._fail,
    EventId.EXPIRE: Fold._fail,
    EventId.SUSPEND: Fold._suspend,
    EventId.POISON: Fold._suspend,
    EventId.RESUME: Fold._resume,
    EventId.SHADOW_DISCARD: Fold._hand_over,
    EventId.SHADOW_REDIRECT: Fold._take_over,
}
