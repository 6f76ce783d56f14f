"""The message trace: laid out so that it answers within milliseconds at tens of millions of rows.

Rows are only ever written by services.ingest. The primary key of an event is its node and sequence in one number
(`event_key`), that of a message is the key of its RECEIVE event: a batch that arrives twice finds its rows there.
References carry no database constraint: ingest and retention keep them, and a check per row would cost more than them.
"""

from __future__ import annotations

from django.db import models

from mailconsole.nodes.models import Node
from mailconsole.tracking.states import MessageStatus, RecipientState, Severity
from transport.model.envelope import encode_queue_id

ADDRESS_LENGTH = 320
MESSAGE_ID_LENGTH = 250
SEQUENCE_BITS = 40

WAITING = models.Q(state__in=[RecipientState.PENDING, RecipientState.DEFERRED, RecipientState.SUSPENDED])
"""Recipients that are still in a queue: few among many, so they have an index of their own."""


NOT_DELIVERED = ~models.Q(status=MessageStatus.DELIVERED)
"""Messages that people look for by what became of them: few, so that they have an index of their own."""

SIGNED_IN = ~models.Q(identity="")
"""Messages of users: where most mail is anonymous, an index of these costs it nothing."""

FIRST_IN_DOMAIN = ~models.Q(domain="")
"""One recipient of a message for each domain: fifty of one domain need one entry of the index, not fifty."""


def event_key(node_id: int, sequence: int) -> int:
    """One number for (node, sequence); ascending in time within a node."""
    return node_id << SEQUENCE_BITS | sequence


def _newest(name: str, *fields: str, pattern: bool = False) -> models.Index:
    """An index that serves equality on `fields`, newest first; `pattern` lets PostgreSQL use it for prefixes.

    Read backwards: in a descending one every new row would go before all others, where SQLite splits pages each time.
    """
    classes = ["varchar_pattern_ops", "timestamptz_ops"] if pattern else []
    return models.Index(fields=[*fields, "received_at"], name=name, opclasses=classes)


class Message(models.Model):
    """One accepted message. `*_key` columns are in lower case, for searching; hostile text stands as it came.

    `life` holds the events that came together with its receipt, as the node wrote them: JSON, one a line. They are read
    for the message's page only, and rows of their own would cost as much as all else here.
    """

    id = models.BigIntegerField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    spool_id = models.BigIntegerField()
    received_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    status = models.CharField(max_length=10, choices=MessageStatus)
    sender = models.CharField(max_length=ADDRESS_LENGTH)
    sender_key = models.CharField(max_length=ADDRESS_LENGTH)
    sender_domain = models.CharField(max_length=255)
    recipient_count = models.PositiveIntegerField()
    internet_message_id = models.CharField(max_length=MESSAGE_ID_LENGTH)
    subject = models.CharField(max_length=500)
    size_bytes = models.BigIntegerField()
    peer = models.CharField(max_length=64)
    helo = models.CharField(max_length=255)
    identity = models.CharField(max_length=255)
    tls = models.CharField(max_length=255)
    connector_id = models.CharField(max_length=100)
    session_id = models.CharField(max_length=64)
    revision = models.PositiveIntegerField()
    life = models.TextField(null=True)  # noqa: DJ001 - so that SQLite adds it without copying the table

    class Meta:
        constraints = [models.UniqueConstraint(fields=["spool_id", "node"], name="message_spool_id")]
        indexes = [
            models.Index(fields=["received_at", "id"], name="message_newest"),
            _newest("message_sender", "sender_key", pattern=True),
            _newest("message_sender_domain", "sender_domain"),
            models.Index(fields=["status", "received_at"], name="message_status", condition=NOT_DELIVERED),
            _newest("message_peer", "peer"),
            models.Index(fields=["internet_message_id"], name="message_internet_id"),
            models.Index(fields=["identity", "received_at"], name="message_identity", condition=SIGNED_IN),
        ]

    def __str__(self) -> str:
        return self.queue_id

    @property
    def queue_id(self) -> str:
        return encode_queue_id(self.spool_id)

    @property
    def status_value(self) -> MessageStatus:
        return MessageStatus(self.status)


class MessageRecipient(models.Model):
    """One recipient of a message and what became of it; `received_at` is the message's, for the index. `domain` is that
    of the address at the message's first recipient in it, and empty at the others: messages are searched by it."""

    message = models.ForeignKey(
        Message, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="recipients"
    )
    received_at = models.DateTimeField()
    address = models.CharField(max_length=ADDRESS_LENGTH)
    address_key = models.CharField(max_length=ADDRESS_LENGTH)
    domain = models.CharField(max_length=255)
    state = models.CharField(max_length=10, choices=RecipientState)
    attempts = models.PositiveIntegerField()
    next_hop = models.CharField(max_length=300)
    last_reply = models.TextField()
    last_reason = models.TextField()
    next_attempt_at = models.DateTimeField(null=True)
    updated_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["message", "address_key"], name="recipient_once")]
        indexes = [
            _newest("recipient_address", "address_key", pattern=True),
            models.Index(fields=["domain", "received_at"], name="recipient_domain", condition=FIRST_IN_DOMAIN),
            models.Index(fields=["next_hop", "received_at"], name="recipient_waiting", condition=WAITING),
        ]

    def __str__(self) -> str:
        return self.address

    @property
    def state_value(self) -> RecipientState:
        return RecipientState(self.state)


class AuditedMessage(models.Model):
    """A message that fits mail flow rules with an audit severity: the gravest of them. Few have one, so it stands
    apart: the rows of all others pay nothing for it. `received_at` is the message's, for the index."""

    message = models.OneToOneField(
        Message, primary_key=True, on_delete=models.DO_NOTHING, db_constraint=False, related_name="audited"
    )
    received_at = models.DateTimeField()
    severity = models.PositiveSmallIntegerField(choices=Severity)

    class Meta:
        indexes = [models.Index(fields=["severity", "received_at"], name="audited_severity")]

    def __str__(self) -> str:
        return f"{self.message_id}: {Severity(self.severity).label}"


class TrackingEvent(models.Model):
    """One step of a message's life that came later than its receipt (the first ones: Message.life). `event` is a
    transport EventId."""

    id = models.BigIntegerField(primary_key=True)
    message = models.ForeignKey(Message, on_delete=models.DO_NOTHING, db_constraint=False, related_name="events")
    event = models.CharField(max_length=20)
    at = models.DateTimeField()
    sender = models.CharField(max_length=ADDRESS_LENGTH)
    recipient = models.CharField(max_length=ADDRESS_LENGTH)
    reply = models.TextField()
    reason = models.TextField()
    detail = models.JSONField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.event} {self.id}"


class Refusal(models.Model):
    """One command that was refused or deferred before anything was accepted. Reply is public, reason is private."""

    id = models.BigIntegerField(primary_key=True)
    node = models.ForeignKey(Node, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    received_at = models.DateTimeField()
    stage = models.CharField(max_length=10)
    action = models.CharField(max_length=12)
    peer = models.CharField(max_length=64)
    helo = models.CharField(max_length=255)
    identity = models.CharField(max_length=255)
    tls = models.CharField(max_length=255)
    binding = models.CharField(max_length=100)
    connector_id = models.CharField(max_length=100)
    session_id = models.CharField(max_length=64)
    sender = models.CharField(max_length=ADDRESS_LENGTH)
    sender_domain = models.CharField(max_length=255)
    recipient = models.CharField(max_length=ADDRESS_LENGTH)
    recipient_domain = models.CharField(max_length=255)
    size_bytes = models.BigIntegerField()
    reply = models.TextField()
    reason = models.TextField()
    trail = models.JSONField()
    revision = models.PositiveIntegerField()
    certificate = models.CharField(max_length=64, null=True)  # noqa: DJ001 - so that SQLite adds it without copying

    class Meta:
        indexes = [
            models.Index(fields=["received_at", "id"], name="refusal_newest"),
            _newest("refusal_peer", "peer"),
            _newest("refusal_sender_domain", "sender_domain"),
            _newest("refusal_recipient_domain", "recipient_domain"),
        ]

    def __str__(self) -> str:
        return f"{self.peer} {self.reply}"


class MinuteCounter(models.Model):
    """What one node did in one minute. Messages were accepted, commands refused; the rest counts recipients."""

    node = models.ForeignKey(Node, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    minute = models.DateTimeField()
    accepted = models.PositiveIntegerField()
    refused = models.PositiveIntegerField()
    delivered = models.PositiveIntegerField()
    deferred = models.PositiveIntegerField()
    failed = models.PositiveIntegerField()
    accepted_bytes = models.BigIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["minute", "node"], name="counter_minute")]

    def __str__(self) -> str:
        return f"{self.minute} {self.node_id}"


class ObjectUse(models.Model):
    """How often one object of the configuration decided on one node in one day (UTC), and when last."""

    node = models.ForeignKey(Node, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False)
    section = models.CharField(max_length=100)
    object_id = models.CharField(max_length=100)
    day = models.DateTimeField()
    count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["section", "object_id", "day", "node"], name="object_use_day")]
        indexes = [models.Index(fields=["day"], name="object_use_first_day")]

    def __str__(self) -> str:
        return f"{self.section} {self.object_id}"


class ShipperOffset(models.Model):
    """The last event of a node that is in these tables; changes in the transaction that stores it."""

    node = models.OneToOneField(Node, on_delete=models.CASCADE)
    sequence = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)

    def __str__(self) -> str:
        return f"{self.node_id}: {self.sequence}"
