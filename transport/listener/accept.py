"""Makes an admitted message ours: its values for the spool, our Received field in front, its tracking event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transport.listener.transaction import Transaction
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.verdict import Answer
from transport.rules import headers
from transport.rules.priority import expiration_s, priority

if TYPE_CHECKING:
    from transport.listener.session import Session


def message(
    session: Session, transaction: Transaction, content: bytes, header: headers.HeaderFacts
) -> tuple[Message, str]:
    """The message with its body, and its queue id."""
    context, facts, mail = session.context, session.facts, transaction.mail
    now = context.clock()
    is_binary = mail.body_type is BodyType.BINARY_MIME
    made = Message(
        id=context.intake.new_id(),
        envelope_sender=mail.sender,
        recipients=[
            Recipient(index, given.recipient, given.recipient, given.notify, given.orcpt)
            for index, given in enumerate(transaction.recipients)
        ],
        size_bytes=0,
        received_at=now,
        expires_at=now + session.ruleset.organization.message_expiration_timeout,
        session_id=facts.session_id,
        peer=facts.peer,
        helo=facts.helo,
        identity=facts.identity,
        connector_id=facts.connector_id,
        revision=facts.revision,
        body_type=_body_type(mail.body_type, content),
        is_smtputf8=mail.is_smtputf8,
        requires_tls=mail.requires_tls,
        is_tls_waived=header.is_tls_waived and not mail.requires_tls,  # RFC 8689 4.1
        ret=mail.ret,
        envid=mail.envid,
        internet_message_id=header.message_id,
        subject=header.subject,
        policy_ids=_policy_ids(transaction) if session.ruleset.policies else (),
        is_canonical=not is_binary,  # finish._judge refused or normalised everything else
    )
    queue_id = made.queue_id
    made.body = b"".join((_trace(session, made, queue_id), content))
    made.size_bytes = len(made.body)
    organization = session.ruleset.organization
    if organization.is_priority_queuing_enabled:
        most = organization.max_high_priority_message_size
        made.priority = priority(content[: header.size_bytes], size_bytes=made.size_bytes, max_high_bytes=most)
        made.expires_at = now + expiration_s(organization, made.priority)
    return made, queue_id


def _policy_ids(transaction: Transaction) -> tuple[str, ...]:
    steps = transaction.trail
    return tuple({s.object_id: None for s in steps if s.kind == "relay_policies" and s.answer is Answer.YES})


def _body_type(declared: BodyType, content: bytes) -> BodyType:
    """What is declared 7BIT and is not must not be sent as such."""
    if declared is BodyType.SEVEN_BIT and not content.isascii():
        return BodyType.EIGHT_BIT_MIME
    return declared


def _trace(session: Session, made: Message, queue_id: str) -> bytes:
    """Nothing but this is added: a relay leaves the message alone (RFC 5321 3.6.3, 4.4)."""
    facts = session.facts
    return headers.received(
        helo=facts.helo,
        peer=facts.peer,
        by=session.name,
        protocol=headers.transmission_type(
            is_esmtp=facts.is_esmtp,
            is_tls=facts.tls is not None,
            is_authenticated=bool(facts.identity),
            is_utf8=made.is_smtputf8,
        ),
        queue_id=queue_id,
        recipient=str(made.recipients[0].address) if len(made.recipients) == 1 else "",
        now=made.received_at,
        tls=f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
    )


def event(session: Session, transaction: Transaction, made: Message) -> TrackingEvent:
    """RECEIVE, with the steps that admitted it."""
    return TrackingEvent(
        EventId.RECEIVE,
        made.received_at,
        message_id=made.id,
        session_id=made.session_id,
        sender=str(made.envelope_sender),
        peer=made.peer,
        connector_id=made.connector_id,
        size_bytes=made.size_bytes,
        revision=made.revision,
        detail={
            **session.described(),
            "recipients": [str(given.recipient) for given in transaction.recipients],
            "internet_message_id": made.internet_message_id,
            "subject": made.subject,
            "trail": [step.row for step in transaction.trail],
        },
    )
