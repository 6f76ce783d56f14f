"""After the final dot: judge the message as it is, make it ours, and say 250 only when it is on disk (law 1)."""

from __future__ import annotations

from asyncio import Future
from functools import partial
from typing import TYPE_CHECKING

from transport.listener import replies
from transport.listener.data import DataReader, Overflow, has_bare_line_end, normalise_line_ends
from transport.listener.transaction import Transaction
from transport.model.envelope import BodyType, Message, Recipient
from transport.model.event import EventId, TrackingEvent
from transport.model.reply import Reply
from transport.model.verdict import Answer, Stage, Step, Verdict
from transport.ports import SpoolUnavailable
from transport.rules import admission, headers

if TYPE_CHECKING:
    from transport.listener.session import Session


def abandon_data(session: Session, reader: DataReader) -> None:
    """The peer sends far more than it may: refuse and cut."""
    session.reader = None
    transaction = _end_transaction(session)
    _refuse_size(session, transaction, reader.size_bytes)
    session.close()


def finish_data(session: Session, reader: DataReader) -> None:
    """Answer the end of data."""
    transaction = _end_transaction(session)
    if reader.overflow is Overflow.NO_MEMORY:
        session.reply(replies.NOT_NOW)
    elif reader.overflow is not Overflow.NONE:
        _refuse_size(session, transaction, reader.size_bytes)
    else:
        content = reader.content()
        reader.release()
        _judge(session, transaction, content)


def _end_transaction(session: Session) -> Transaction:
    transaction = session.transaction
    assert transaction is not None
    session.transaction = None
    return transaction


def _refuse_size(session: Session, transaction: Transaction, size_bytes: int) -> None:
    _refuse(session, transaction, _verdict(session, transaction, size_bytes, headers.HeaderFacts(0, 0, "", "")))


def _verdict(session: Session, transaction: Transaction, size_bytes: int, facts: headers.HeaderFacts) -> Verdict:
    return admission.data(
        session.ruleset,
        session.facts,
        transaction.mail.sender,
        [given.recipient for given in transaction.recipients],
        size_bytes=size_bytes,
        header_size_bytes=facts.size_bytes,
        hop_count=facts.hop_count,
        now=session.context.clock(),
    )


def _refuse(session: Session, transaction: Transaction, verdict: Verdict) -> None:
    recipients = ", ".join(str(given.recipient) for given in transaction.recipients[:5])
    session.refuse(verdict, sender=str(transaction.mail.sender), recipient=recipients)


def _judge(session: Session, transaction: Transaction, content: bytes) -> None:
    if has_bare_line_end(content):
        if session.connector.is_bare_linefeed_rejected:
            _refuse(session, transaction, _bare(session))
            return
        content = normalise_line_ends(content)
    facts = headers.read(content)
    verdict = _verdict(session, transaction, len(content), facts)
    if not verdict.is_accepted:
        _refuse(session, transaction, verdict)
        return
    _accept(session, transaction, content, facts)


def _bare(session: Session) -> Verdict:
    because = "A bare CR or LF in the message: some servers would take it for the end of a line (SMTP smuggling)."
    connector = session.connector
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    return admission.refuse(Stage.DATA, replies.BARE_LINE_END_IN_DATA, because, (step,))


def _accept(session: Session, transaction: Transaction, content: bytes, facts: headers.HeaderFacts) -> None:
    message = _message(session, transaction, content, facts)
    try:
        stored = session.context.intake.submit(message, [_event(session, transaction, message)])
    except SpoolUnavailable:
        session.reply(replies.NOT_STORED)
        return
    session.is_busy = True
    session.flush()
    stored.add_done_callback(partial(_stored, session, message.queue_id))


def _stored(session: Session, queue_id: str, done: Future[None]) -> None:
    if done.cancelled() or done.exception() is not None:
        session.reply(replies.NOT_STORED)
    else:
        session.context.counters.accepted += 1
        session.reply(Reply(250, "2.6.0", f"{queue_id} Queued mail for delivery"))
    session.last_activity = session.loop.time()
    session.resume()


def _message(session: Session, transaction: Transaction, content: bytes, header: headers.HeaderFacts) -> Message:
    context, facts, mail = session.context, session.facts, transaction.mail
    now = context.clock()
    message = Message(
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
        # What is declared 7BIT and is not must not be sent as such.
        body_type=mail.body_type if content.isascii() else BodyType.EIGHT_BIT_MIME,
        is_smtputf8=mail.is_smtputf8,
        ret=mail.ret,
        envid=mail.envid,
        internet_message_id=header.message_id,
        subject=header.subject,
    )
    message.body = _trace(session, message) + content
    message.size_bytes = len(message.body)
    return message


def _trace(session: Session, message: Message) -> bytes:
    facts = session.facts
    return headers.received(
        helo=facts.helo,
        peer=facts.peer,
        by=session.connector.fqdn or session.context.hostname,
        protocol=headers.transmission_type(
            is_esmtp=facts.is_esmtp,
            is_tls=facts.tls is not None,
            is_authenticated=bool(facts.identity),
            is_utf8=message.is_smtputf8,
        ),
        queue_id=message.queue_id,
        recipient=str(message.recipients[0].address) if len(message.recipients) == 1 else "",
        now=message.received_at,
        tls=f"{facts.tls.version} {facts.tls.cipher}" if facts.tls else "",
    )


def _event(session: Session, transaction: Transaction, message: Message) -> TrackingEvent:
    return TrackingEvent(
        EventId.RECEIVE,
        message.received_at,
        message_id=message.id,
        session_id=message.session_id,
        sender=str(message.envelope_sender),
        peer=message.peer,
        connector_id=message.connector_id,
        size_bytes=message.size_bytes,
        revision=message.revision,
        detail={
            **session.described(),
            "recipients": [str(given.recipient) for given in transaction.recipients],
            "internet_message_id": message.internet_message_id,
            "subject": message.subject,
            "trail": [step.row for step in transaction.trail],
        },
    )
