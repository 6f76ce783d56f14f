"""Makes an admitted message ours: its values for the spool, our Received field in front, its tracking event."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transport.listener.transaction import Transaction
from transport.model.envelope import BodyType, Message, Recipient, encode_queue_id
from transport.model.event import EventId, ReceiveEvent, TrackingEvent
from transport.rules import headers
from transport.rules.priority import expiration_s, priority

if TYPE_CHECKING:
    from transport.listener.session import Session


def message(
    session: Session,
    transaction: Transaction,
    content: bytes | memoryview,
    header: headers.HeaderFacts,
    *,
    is_ascii: bool,
    is_dotless: bool,
) -> Message:
    """The message with its body."""
    context, facts, mail, ruleset = session.context, session.facts, transaction.mail, session.ruleset
    organization = ruleset.organization
    now = context.clock()
    message_id = context.intake.new_id()
    given = transaction.recipients
    body = b"".join((_trace(session, transaction, encode_queue_id(message_id), now), content))
    body_type = mail.body_type
    if body_type is BodyType.SEVEN_BIT and not is_ascii:
        body_type = BodyType.EIGHT_BIT_MIME  # what is declared 7BIT and is not must not be sent as such
    made = Message(
        message_id,
        mail.sender,
        [Recipient(index, one.recipient, one.recipient, one.notify, one.orcpt) for index, one in enumerate(given)],
        len(body),
        now,
        now + organization.message_expiration_timeout,
        facts.session_id,
        facts.peer,
        facts.helo,
        facts.identity,
        facts.connector_id,
        facts.revision,
        body_type,
        mail.is_smtputf8,
        mail.requires_tls,
        is_tls_waived=header.is_tls_waived and not mail.requires_tls,  # RFC 8689 4.1
        ret=mail.ret,
        envid=mail.envid,
        internet_message_id=header.message_id,
        subject=header.subject,
        is_canonical=body_type is not BodyType.BINARY_MIME,  # finish._judge refused or normalised everything else
        is_dotless=is_dotless,
        policy_ids=transaction.decision.policy_ids if ruleset.policies else (),
    )
    made.body = body
    if organization.is_priority_queuing_enabled:
        most = organization.max_high_priority_message_size
        made.priority = priority(bytes(content[: header.size_bytes]), size_bytes=made.size_bytes, max_high_bytes=most)
        made.expires_at = now + expiration_s(organization, made.priority)
    return made


def _trace(session: Session, transaction: Transaction, queue_id: str, now: float) -> bytes:
    """Nothing but this is added: a relay leaves the message alone (RFC 5321 3.6.3, 4.4)."""
    is_utf8, given = transaction.mail.is_smtputf8, transaction.recipients
    head = session.trace_heads[is_utf8]
    if not head:
        head = session.trace_heads[is_utf8] = _trace_head(session, is_utf8)
    whom = given[0].text if len(given) == 1 else ""
    return headers.received_tail(head, queue_id=queue_id, recipient=whom, now=now)


def _trace_head(session: Session, is_utf8: bool) -> str:
    facts = session.facts
    return headers.received_head(
        helo=facts.helo,
        peer=facts.peer,
        by=session.name,
        protocol=headers.transmission_type(
            is_esmtp=facts.is_esmtp,
            is_tls=facts.tls is not None,
            is_authenticated=bool(facts.identity),
            is_utf8=is_utf8,
        ),
        tls=f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
    )


def event(session: Session, transaction: Transaction, made: Message) -> TrackingEvent:
    """RECEIVE, with the steps that admitted it."""
    described = session.described()
    return ReceiveEvent(
        EventId.RECEIVE,
        made.received_at,
        made.id,
        made.session_id,
        transaction.mail.text,
        "",
        made.peer,
        made.connector_id,
        "",
        "",
        made.size_bytes,
        made.revision,
        {
            **described,
            "recipients": [given.text for given in transaction.recipients],
            "internet_message_id": made.internet_message_id,
            "subject": made.subject,
            "trail": transaction.decision.rows,
        },
        session.described_json,
        len(described),
    )
