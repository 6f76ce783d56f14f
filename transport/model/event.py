"""Tracking events: what happened to sessions and messages, for people, in Exchange's words."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from operator import attrgetter
from typing import Any

from transport.model import compact_json


class EventId(StrEnum):
    """Exchange's event-id, as far as it has a meaning here, and REFUSE, which Exchange lacks."""

    RECEIVE = "RECEIVE"
    REFUSE = "REFUSE"
    RESOLVE = "RESOLVE"
    REDIRECT = "REDIRECT"
    EXPAND = "EXPAND"
    TRANSFER = "TRANSFER"
    AGENT_INFO = "AGENTINFO"
    ROUTE = "ROUTE"
    SEND = "SEND"
    DEFER = "DEFER"
    FAIL = "FAIL"
    DSN = "DSN"
    SUPPRESSED = "SUPPRESSED"
    EXPIRE = "EXPIRE"
    SUSPEND = "SUSPEND"
    RESUME = "RESUME"
    RESUBMIT = "RESUBMIT"
    POISON = "POISONMESSAGE"
    BACK_PRESSURE = "BACKPRESSURE"
    SPOOL_DAMAGE = "SPOOLDAMAGE"
    OPEN_RELAY = "OPENRELAY"
    SHADOW_REDIRECT = "HAREDIRECT"
    SHADOW_DISCARD = "HADISCARD"
    DUPLICATE_DELIVER = "DUPLICATEDELIVER"
    BAD_MAIL = "BADMAIL"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    EventId.RECEIVE: "The message was accepted and committed to disk.",
    EventId.REFUSE: "A command of a peer was refused or deferred.",
    EventId.RESOLVE: "The recipient was resolved to another address.",
    EventId.REDIRECT: "The message was redirected to another recipient.",
    EventId.EXPAND: "The group was expanded to its members.",
    EventId.TRANSFER: "Recipients went on in a copy of the message.",
    EventId.AGENT_INFO: "A setting of ours changed the message.",
    EventId.ROUTE: "A send connector and next hop were chosen.",
    EventId.SEND: "The next hop took the message.",
    EventId.DEFER: "A delivery attempt did not succeed; it will be tried again.",
    EventId.FAIL: "Delivery was given up.",
    EventId.DSN: "A delivery status notification was made.",
    EventId.SUPPRESSED: "A delivery status notification was not sent: its sender has had as many as it may.",
    EventId.EXPIRE: "The message was too long in the queue.",
    EventId.SUSPEND: "An operator suspended it.",
    EventId.RESUME: "An operator resumed it.",
    EventId.RESUBMIT: "Nothing moved in its queue for long: its recipients were resolved and routed again.",
    EventId.POISON: "The message could not be processed and was set aside.",
    EventId.BACK_PRESSURE: "A resource of the node got scarce, or is no longer.",
    EventId.OPEN_RELAY: "The node tried its own rules as a stranger: somebody may relay anywhere.",
    EventId.SHADOW_REDIRECT: "A node was not heard for too long: another delivers the message from its copy.",
    EventId.SHADOW_DISCARD: "Another node delivered the message while this one was not heard; it is not sent again.",
    EventId.DUPLICATE_DELIVER: "Two nodes may have delivered the message: they could not hear each other.",
    EventId.BAD_MAIL: "A file in the Pickup directory could not be sent.",
    EventId.SPOOL_DAMAGE: "The file that holds the node's mail was damaged; what could be read goes on.",
}


@dataclass(slots=True)  # not frozen: that costs more than all else here, and two are made for each message
class TrackingEvent:
    """One event, never changed once it was told. ``at`` is unix seconds. ``message_id`` is the spool's id, 0 for a
    refusal before acceptance. ``detail`` holds what only this kind of event has (JSON values; hostile text allowed)."""

    event: EventId
    at: float
    message_id: int = 0
    session_id: str = ""
    sender: str = ""
    recipient: str = ""
    peer: str = ""
    connector_id: str = ""
    reply: str = ""
    reason: str = ""
    size_bytes: int = 0
    revision: int = 0
    detail: dict[str, Any] = field(default_factory=dict)

    @property
    def about(self) -> list[str]:
        """The recipients that it tells of: the one, or those of ``detail`` that had the same fate together."""
        return [self.recipient] if self.recipient else list(self.detail.get("recipients") or ())

    def to_json(self) -> bytes:
        """A JSON object; fields that are empty are left out."""
        row = {name: value for name, value in zip(_FIELDS, _values(self), strict=True) if value}
        row["e"] = self.event
        row["at"] = round(self.at, 6)
        return compact_json.encode(row)

    @classmethod
    def from_json(cls, data: bytes | str) -> TrackingEvent:
        """The inverse of ``to_json``; unknown keys are ignored. Raises ValueError, KeyError."""
        row = compact_json.decode(data)
        event, at = EventId(row.pop("e")), row.pop("at")
        if not row.keys() <= _KNOWN:
            row = {name: value for name, value in row.items() if name in _KNOWN}
        return cls(event, at, **row)


@dataclass(slots=True)
class ReceiveEvent(TrackingEvent):
    """RECEIVE, as it is told of each message that comes by SMTP. ``detail`` begins with ``session_fields`` fields, the
    same for all messages of a session, of which ``session`` is the JSON without braces; then come recipients,
    internet_message_id, subject, trail and routes."""

    session: str = ""
    session_fields: int = 0

    def to_json(self) -> bytes:
        """As that of any event, in a third of the time: what is the same for many messages was encoded before."""
        detail, text, once = self.detail, compact_json.text, compact_json.once
        trail, routes = detail.get("trail"), detail.get("routes")
        if len(detail) != self.session_fields + 5 or type(trail) is not compact_json.Constant or routes is None:
            return TrackingEvent.to_json(self)
        if self.recipient or self.reply or self.reason or not (self.session_id and self.peer and self.connector_id):
            return TrackingEvent.to_json(self)
        if not (self.message_id and self.size_bytes and self.revision):
            return TrackingEvent.to_json(self)
        sender = f',"sender":{text(self.sender)}' if self.sender else ""
        return (
            f'{{"message_id":{self.message_id},"session_id":{once(self.session_id)}{sender},"peer":{text(self.peer)},'
            f'"connector_id":{text(self.connector_id)},"size_bytes":{self.size_bytes},"revision":{self.revision},'
            f'"detail":{{{self.session},"recipients":{compact_json.texts(detail["recipients"])},'
            f'"internet_message_id":{once(detail["internet_message_id"])},"subject":{once(detail["subject"])},'
            f'"trail":{trail.json},"routes":[{",".join([_route(row) for row in routes])}]}},'
            f'"e":"{self.event}","at":{_time(self.at)}}}'
        ).encode()


@dataclass(slots=True)
class SendEvent(TrackingEvent):
    """SEND, as it is told of nearly each message: nothing but message_id, recipient, reply and ``detail``, of which
    ``told`` is the JSON."""

    told: str = ""

    def to_json(self) -> bytes:
        """As that of any event, in a third of the time."""
        if not (self.told and self.message_id and self.recipient and self.reply):
            return TrackingEvent.to_json(self)
        return (
            f'{{"message_id":{self.message_id},"recipient":{compact_json.text(self.recipient)},'
            f'"reply":{compact_json.once(self.reply)},"detail":{self.told},"e":"{self.event}","at":{_time(self.at)}}}'
        ).encode()


def _time(at: float) -> str:
    """``round(at, 6)`` as JSON: of a time of these centuries the shortest digits that tell it are these."""
    if not 1e9 <= at < 4e9:
        return repr(round(at, 6))
    text = f"{at:.6f}".rstrip("0")
    return f"{text}0" if text[-1] == "." else text


def _route(row: dict[str, Any]) -> str:
    considered = row.get("considered")
    if len(row) != 3 or type(considered) is not compact_json.Constant:
        return compact_json.encode(row).decode()
    hop, recipients = compact_json.text(row["next_hop"]), compact_json.texts(row["recipients"])
    return f'{{"next_hop":{hop},"considered":{considered.json},"recipients":{recipients}}}'


_FIELDS = (
    "message_id",
    "session_id",
    "sender",
    "recipient",
    "peer",
    "connector_id",
    "reply",
    "reason",
    "size_bytes",
    "revision",
    "detail",
)
_KNOWN = frozenset(_FIELDS)
_values = attrgetter(*_FIELDS)
