"""The mail by which mail flow rules tell senders something (Exchange's NotifySender), or recipients
(GenerateNotification), or others what they found (GenerateIncidentReport), as messages of our own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from transport.model.address import NULL, Address
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.ruled import Notice
from transport.rules import dsn, rule_notice
from transport.rules.dsn import DsnSettings

KIND = "rule notice"
MAX_NAMED = 100


@dataclass(frozen=True, slots=True)
class Telling:
    """A mail about ``about``, ready to be submitted: what it is in the trace, and in that of the other."""

    mail: Message
    about: Message
    is_what: str
    was_done: str

    def events(self, now: float) -> list[TrackingEvent]:
        """Its receipt, then the event of the message that it is about."""
        made, whom = self.mail, [str(one.address) for one in self.mail.recipients]
        received = TrackingEvent(
            EventId.RECEIVE,
            now,
            message_id=made.id,
            recipient=whom[0],
            reason=self.is_what,
            size_bytes=made.size_bytes,
            revision=made.revision,
            detail={
                "recipients": whom,
                "subject": made.subject,
                "internet_message_id": made.internet_message_id,
                "about_message_id": self.about.id,
            },
        )
        return [received, TrackingEvent(EventId.AGENT_INFO, now, message_id=self.about.id, reason=self.was_done)]


def to_sender(
    message: Message, notices: Sequence[Notice], settings: DsnSettings, *, new_id: int, now: float
) -> Telling:
    rules = ", ".join(notice.rule_name for notice in notices)
    made = _addressed(message, [message.envelope_sender], rule_notice.SUBJECT, settings, new_id=new_id, now=now)
    _fill(made, rule_notice.compose(message, notices, settings, queue_id=made.queue_id, now=now), settings)
    is_what = f"What the mail flow rule {rules} tells the sender of the message {message.queue_id}."
    return Telling(made, message, is_what, f"Its sender was told by the mail flow rule {rules}.")


def report(
    message: Message, notice: Notice, to: Sequence[Address], settings: DsnSettings, *, new_id: int, now: float
) -> Telling:
    made = _addressed(message, to, rule_notice.report_subject(notice), settings, new_id=new_id, now=now)
    shown = replace(notice, to=tuple(to))
    _fill(made, rule_notice.compose_report(message, shown, settings, queue_id=made.queue_id, now=now), settings)
    is_what = f"The report of the mail flow rule {notice.rule_name} about the message {message.queue_id}."
    was_done = f"The mail flow rule {notice.rule_name} reported it to {_named(to)}."
    return Telling(made, message, is_what, was_done)


def to_recipients(
    message: Message, notice: Notice, to: Sequence[Address], settings: DsnSettings, *, new_id: int, now: float
) -> Telling:
    made = _addressed(message, to, rule_notice.SUBJECT_TO_RECIPIENTS, settings, new_id=new_id, now=now)
    shown = replace(notice, to=tuple(to))
    _fill(made, rule_notice.compose_to_recipients(message, shown, settings, queue_id=made.queue_id, now=now), settings)
    is_what = f"What the mail flow rule {notice.rule_name} tells the recipients of the message {message.queue_id}."
    return Telling(made, message, is_what, f"The mail flow rule {notice.rule_name} told {_named(to)}.")


def _named(to: Sequence[Address]) -> str:
    """A message may have very many."""
    more = f" and {len(to) - MAX_NAMED:,} more" if len(to) > MAX_NAMED else ""
    return f"{', '.join(map(str, to[:MAX_NAMED]))}{more}"


def _addressed(
    message: Message, to: Sequence[Address], subject: str, settings: DsnSettings, *, new_id: int, now: float
) -> Message:
    """A notification like any other: nothing is ever sent about it."""
    return Message(
        id=new_id,
        envelope_sender=NULL,  # RFC 3834 3.3
        recipients=[Recipient(index, one, one) for index, one in enumerate(to)],
        size_bytes=0,
        received_at=now,
        expires_at=now + settings.expiration_s,
        session_id="",
        peer="",
        helo="",
        identity="",
        connector_id="",
        revision=message.revision,
        is_smtputf8=not all(one.is_ascii for one in to),
        subject=subject,
        is_dsn=True,
        is_canonical=True,
    )


def _fill(made: Message, body: bytes, settings: DsnSettings) -> None:
    made.body, made.size_bytes = body, len(body)
    made.internet_message_id = dsn.message_id(made.queue_id, settings)
    if not body.isascii():
        made.body_type = BodyType.EIGHT_BIT_MIME


def suppressed(about: Message, limit: int | None, now: float) -> TrackingEvent:
    """An address gets so many notifications an hour, of whatever kind."""
    reason = f"One address gets at most {limit} notifications an hour; what a mail flow rule tells was not sent."
    return TrackingEvent(EventId.SUPPRESSED, now, message_id=about.id, reason=reason, detail={"kind": KIND})
