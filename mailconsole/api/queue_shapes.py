"""What is said of queues, queued messages and hold rules over HTTP: the shapes of requests and answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ninja import Schema
from pydantic import AwareDatetime

from mailconsole.api.schemas import Taken
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import Verb
from transport.model.queued import MessageStatus


class Wanted(Taken):
    """Every criterion that is given must hold; see Help, Work with queues."""

    queue: str = ""
    connector_id: str = ""
    receive_connector_id: str = ""
    policy_id: str = ""
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    reply: str = ""
    state: str = ""
    hold_id: str = ""
    messages: list[str] = []
    older_than_s: float = 0.0
    younger_than_s: float = 0.0
    larger_than_bytes: int = 0
    smaller_than_bytes: int = 0

    def filter(self) -> QueueFilter:
        """Raises BadFilter."""
        return QueueFilter.of_row(self.model_dump())


class QueueOut(Schema):
    key: str
    name: str
    delivery_type: str
    connector_id: str
    status: str
    message_count: int
    deferred_count: int
    suspended_count: int
    oldest_at: datetime | None
    first_retry_at: datetime | None
    last_retry_at: datetime | None
    next_retry_at: datetime | None
    retry_count: int
    last_error: str
    last_reply: str
    incoming_per_min: float
    outgoing_per_min: float
    velocity: float
    connections: int
    waiting_cause: str
    waiting_because: str
    waiting_since: datetime | None
    waiting_until: datetime | None
    waiting_change: str
    nodes: list[str]


class QueuedOut(Schema):
    node: str
    queue_id: str
    queue: str
    sender: str
    recipients: list[str]
    recipient_count: int
    subject: str
    size_bytes: int
    received_at: datetime | None
    expires_at: datetime | None
    status: MessageStatus
    attempts: int
    next_attempt_at: datetime | None
    last_error: str
    last_reply: str
    priority: str
    cause: str
    because: str
    since: datetime | None
    until: datetime | None
    change: str


class QueuedPage(Schema):
    """`problems` says of nodes that did not answer why not: their messages are missing. `is_partial`: the search took
    too long, and there are more than `total`."""

    total: int
    is_partial: bool
    offset: int
    messages: list[QueuedOut]
    problems: list[str]


class QueueNamed(Taken):
    queue: str
    reason: str = ""


class Done(Schema):
    """The nodes that did it, and why others did not yet."""

    nodes: list[str]
    problems: list[str]


class OrderAsked(Taken):
    verb: Verb
    filter: Wanted


class ExportAsked(Taken):
    filter: Wanted
    reason: str = ""


class PreviewOut(Schema):
    """Send `token` back within ten minutes to have this done, and no more than this."""

    sentence: str
    messages: int
    by_queue: dict[str, int]
    by_state: dict[str, int]
    nodes: dict[str, int]
    problems: list[str]
    token: str
    is_partial: bool = False


class OrderGiven(Taken):
    token: str
    reason: str = ""
    with_ndr: bool = True
    connector_id: str = ""
    next_attempt_at: AwareDatetime | None = None


class OrderOut(Schema):
    sentence: str
    selected: int
    done: int
    is_finished: bool
    problems: list[str]


class HoldAsked(Taken):
    filter: Wanted
    reason: str
    expires_at: AwareDatetime | None = None


class HoldOut(Schema):
    id: int
    filter: dict[str, Any]
    reason: str
    author: str
    created_at: datetime
    expires_at: datetime | None
    lifted_at: datetime | None
    lifted_by: str
    state: str
