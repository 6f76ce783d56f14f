"""The mail by which mail flow rules tell a sender something (Exchange's NotifySender), as a message of our own."""

from __future__ import annotations

from collections.abc import Sequence

from transport.model.address import NULL
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.ruled import Notice
from transport.rules import dsn, rule_notice
from transport.rules.dsn import DsnSettings

KIND = "rule notice"


def make(message: Message, notices: Sequence[Notice], settings: DsnSettings, *, new_id: int, now: float) -> Message:
    """``message`` is what it is about. A notification like any other: nothing is ever sent about it."""
    sender = message.envelope_sender
    made = Message(
        id=new_id,
        envelope_sender=NULL,  # RFC 3834 3.3
        recipients=[Recipient(0, sender, sender)],
        size_bytes=0,
        received_at=now,
        expires_at=now + settings.expiration_s,
        session_id="",
        peer="",
        helo="",
        identity="",
        connector_id="",
        revision=message.revision,
        is_smtputf8=not sender.is_ascii,
        subject=rule_notice.SUBJECT,
        is_dsn=True,
        is_canonical=True,
    )
    made.body = rule_notice.compose(message, notices, settings, queue_id=made.queue_id, now=now)
    made.size_bytes = len(made.body)
    made.internet_message_id = dsn.message_id(made.queue_id, settings)
    if not made.body.isascii():
        made.body_type = BodyType.EIGHT_BIT_MIME
    return made


def events(made: Message, about: Message, now: float) -> list[TrackingEvent]:
    """Its receipt, then the event of the message that it is about."""
    rules = ", ".join(notice.rule_name for notice in (about.ruled.notices if about.ruled is not None else ()))
    sender = str(about.envelope_sender)
    received = TrackingEvent(
        EventId.RECEIVE,
        now,
        message_id=made.id,
        recipient=sender,
        reason=f"What the mail flow rule {rules} tells the sender of the message {about.queue_id}.",
        size_bytes=made.size_bytes,
        revision=made.revision,
        detail={
            "recipients": [sender],
            "subject": made.subject,
            "internet_message_id": made.internet_message_id,
            "about_message_id": about.id,
        },
    )
    reason = f"Its sender was told by the mail flow rule {rules}."
    return [received, TrackingEvent(EventId.AGENT_INFO, now, message_id=about.id, reason=reason)]


def suppressed(about: Message, limit: int | None, now: float) -> TrackingEvent:
    """A sender gets so many notifications an hour, of whatever kind."""
    reason = f"Its sender gets at most {limit} notifications an hour; what a mail flow rule tells was not sent."
    return TrackingEvent(EventId.SUPPRESSED, now, message_id=about.id, reason=reason, detail={"kind": KIND})
