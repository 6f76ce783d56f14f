"""Tracking events as a node would write them: a few lines of test make a whole life of a message."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from mailconsole.tracking.services.ingest import ingest_events
from transport.model.event import EventId, TrackingEvent

NOW = 1_800_000_000.0
DELIVERED_REPLY = "250 2.0.0 Ok: queued as 4XyZ"
DEFERRED_REPLY = "451 4.7.1 Greylisted, try again later"
FAILED_REPLY = "550 5.1.1 No such user"
REFUSED_REPLY = "550 5.7.1 Unable to relay"
ADMITTED = ["accepted_domains", "contoso", "contoso.example", "yes", "The recipient's domain is an accepted domain."]
NOT_ADMITTED = ["relay_policies", "scanners", "Scanners", "no", "127.0.0.2 is not in its networks."]


@dataclass
class Traffic:
    """One node's outbox. `at` is the clock of the next event, in unix seconds."""

    node: str = "transport-1"
    at: float = NOW
    first_message_id: int = 1 << 40
    events: list[tuple[int, bytes]] = field(default_factory=list)
    _sequences: Iterable[int] = field(default_factory=lambda: itertools.count(1))
    _ids: Any = None

    def __post_init__(self) -> None:
        self._ids = itertools.count(self.first_message_id)

    def add(self, event: EventId, **fields: Any) -> int:
        """Append one event; returns its sequence."""
        sequence = next(iter(self._sequences))
        self.events.append((sequence, TrackingEvent(event, fields.pop("at", self.at), **fields).to_json()))
        return sequence

    def receive(
        self,
        *recipients: str,
        sender: str = "anna@contoso.example",
        subject: str = "Invoice 4711",
        internet_message_id: str = "",
        trail: Sequence[Sequence[str]] = (ADMITTED,),
        size_bytes: int = 2048,
        peer: str = "127.0.0.2",
        **detail: Any,
    ) -> int:
        """A message is accepted; returns its id."""
        message_id = next(self._ids)
        said = {
            "helo": "client.contoso.example",
            "identity": "",
            "tls": "",
            "binding": "smtp",
            "recipients": list(recipients or ("bob@fabrikam.example",)),
            "internet_message_id": internet_message_id or f"<{message_id}@contoso.example>",
            "subject": subject,
            "trail": [list(step) for step in trail],
        }
        self.add(
            EventId.RECEIVE,
            message_id=message_id,
            session_id=f"S{message_id}",
            sender=sender,
            peer=peer,
            connector_id="default",
            size_bytes=size_bytes,
            revision=3,
            detail=said | detail,
        )
        return message_id

    def route(self, message_id: int, recipient: str = "bob@fabrikam.example", connector: str = "internet") -> None:
        considered = [
            ["partner", "Partner", "its address spaces don't cover fabrikam.example"],
            [connector, "Internet", ""],
        ]
        detail = {"next_hop": f"DnsConnectorDelivery/{connector}/fabrikam.example", "connector": connector}
        self.add(EventId.ROUTE, message_id=message_id, recipient=recipient, detail=detail | {"considered": considered})

    def send(self, message_id: int, recipient: str = "bob@fabrikam.example", reply: str = DELIVERED_REPLY) -> None:
        self._attempt(EventId.SEND, message_id, recipient, reply, phase="dot", attempt=1)

    def defer(
        self, message_id: int, recipient: str = "bob@fabrikam.example", reply: str = DEFERRED_REPLY, attempt: int = 1
    ) -> None:
        self._attempt(
            EventId.DEFER, message_id, recipient, reply, phase="rcpt", attempt=attempt, next_attempt_at=self.at + 60
        )

    def fail(self, message_id: int, recipient: str = "bob@fabrikam.example", reply: str = FAILED_REPLY) -> None:
        self._attempt(EventId.FAIL, message_id, recipient, reply, phase="rcpt", attempt=1)

    def refuse(
        self,
        *,
        peer: str = "127.0.0.2",
        sender: str = "scanner@contoso.example",
        recipient: str = "bob@fabrikam.example",
        reply: str = REFUSED_REPLY,
        reason: str = "No relay policy admits 127.0.0.2 to fabrikam.example.",
        trail: Sequence[Sequence[str]] = (NOT_ADMITTED,),
        **detail: Any,
    ) -> None:
        """A RCPT is refused."""
        said = {
            "stage": "rcpt",
            "action": "refuse",
            "helo": "scanner.local",
            "identity": "",
            "tls": "",
            "binding": "smtp",
            "trail": [list(step) for step in trail],
        }
        self.add(
            EventId.REFUSE,
            session_id="S1",
            sender=sender,
            recipient=recipient,
            peer=peer,
            connector_id="default",
            reply=reply,
            reason=reason,
            revision=3,
            detail=said | detail,
        )

    def ingest(self) -> int:
        """Ship everything; returns how many events were new."""
        return sum(
            ingest_events(node=self.node, events=self.events[start : start + 2000])
            for start in range(0, len(self.events), 2000)
        )

    def _attempt(self, event: EventId, message_id: int, recipient: str, reply: str, **detail: Any) -> None:
        said = {"next_hop": "DnsConnectorDelivery/internet/fabrikam.example", "remote": "mx1[192.0.2.7]:25", "tls": ""}
        self.add(event, message_id=message_id, recipient=recipient, reply=reply, detail=said | detail)
