"""The octets after DATA, and the final dot: judge the message as it is; 250 only when it is on disk (law 1)."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import TYPE_CHECKING

from transport.listener import accept, crowding, from_inside, replies, ruled
from transport.listener.chunks import ChunkedBody
from transport.listener.data import DataReader, Overflow, has_bare_line_end, normalise_line_ends
from transport.listener.transaction import Transaction, count_usage
from transport.model.envelope import BodyType, encode_queue_id
from transport.model.verdict import Answer, Stage, Step, Verdict
from transport.ports.spool import NoSecondCopy, SpoolFull, SpoolUnavailable
from transport.rules import admission, headers, limits, ownership, remote_domains
from transport.rules.authors import authors as header_authors

if TYPE_CHECKING:
    from transport.listener.session import Session


Body = DataReader | ChunkedBody


def message_received(session: Session, data: bytes, start: int) -> int:
    """Take octets of a message; answer its end. Returns the index of the first octet that is not of it."""
    reader = session.reader
    assert isinstance(reader, DataReader)
    end = reader.feed(data, start)
    if end >= 0:
        session.reader = None
        finish(session, reader)
        return end
    if reader.is_abused:
        session.reader = None
        _refuse_size(session, _end_transaction(session), reader.received_bytes)
        session.close()
    else:
        crowding.look(session, reader)
    return len(data)


def finish(session: Session, reader: Body) -> None:
    """Answer, at once or when the message is stored; until then its memory counts."""
    if reader.spilled is not None or _is_asked_about(session, reader):
        session.run(_finish_later(session, reader))
        return
    transaction = _end_transaction(session)
    is_stored_soon = False
    try:
        if reader.overflow is not Overflow.NONE:
            refuse_overflow(session, transaction, reader)
        else:
            is_stored_soon = _judge(session, transaction, reader)
    except Exception:
        session.fail()
    session.inquiry = None
    if not is_stored_soon:
        reader.release()


async def _finish_later(session: Session, reader: Body) -> None:
    if reader.spilled is not None:
        await crowding.come_back(session, reader)
    try:
        if _is_asked_about(session, reader) and session.inquiry is not None:
            await session.inquiry.answered()
    except asyncio.CancelledError:  # the peer has gone
        reader.release()
        raise
    finish(session, reader)


def _is_asked_about(session: Session, reader: Body) -> bool:
    """Whether lists still have to say something of where the message came from."""
    if session.inquiry is None and reader.overflow is Overflow.NONE:
        session.inquiry = from_inside.inquiry(session, reader.content)
    return session.inquiry is not None and not session.inquiry.is_answered


def refuse_overflow(session: Session, transaction: Transaction, reader: Body) -> None:
    """Refuse a message that was dropped as it arrived."""
    if reader.overflow is Overflow.NO_MEMORY:
        verdict = limits.no_memory(session.connector, limit_bytes=session.context.memory.limit_bytes)
        _refuse(session, transaction, verdict)
    else:
        _refuse_size(session, transaction, reader.received_bytes)


def _end_transaction(session: Session) -> Transaction:
    transaction = session.transaction
    assert transaction is not None
    session.transaction = None
    return transaction


def _judge(session: Session, transaction: Transaction, reader: Body) -> bool:
    """Refuse the message, or hand it on to be stored; returns whether that was done."""
    content = reader.content
    is_binary = transaction.mail.body_type is BodyType.BINARY_MIME
    if has_bare_line_end(headers.header_of(content) if is_binary else content):
        if is_binary or session.connector.is_bare_linefeed_rejected:
            _refuse(session, transaction, _bare(session))
            return False
        content = normalise_line_ends(content)
    size_bytes = len(content)
    content = headers.apart(content)
    header = headers.read(content, max_bytes=session.connector.max_header_size)
    if 0 < session.connector.max_local_hop_count < header.hop_count:
        header = headers.with_local_hops(header, content, session.name)
    verdict = _verdict(session, transaction, size_bytes, header)
    if verdict.is_accepted and ownership.asks_header(session.connector, session.facts):
        authors = header_authors(headers.header_of(content))
        verdict = ownership.header(session.ruleset, session.facts, authors, now=session.context.clock()) or verdict
    if verdict.is_accepted and session.ruleset.is_header_asked:
        verdict = _automatic(session, transaction, content) or verdict
    if verdict.is_accepted and session.inquiry is not None:
        verdict = session.inquiry.refusal(session, transaction) or verdict
    if not verdict.is_accepted:
        _refuse(session, transaction, verdict, size_bytes=len(content))
        return False
    looked = ruled.look(session, transaction, content) if session.ruleset.has_mail_flow_rules else None
    if looked is not None:
        if looked.refusal is not None:
            _refuse(session, transaction, looked.refusal, size_bytes=len(content))
            return False
        if looked.content is not content:
            content = looked.content
            header = headers.read(content, max_bytes=len(content))
    is_dotless = reader.is_dotless and content is reader.content
    return store(session, transaction, reader, content, header, is_dotless=is_dotless, looked=looked)


def store(
    session: Session,
    transaction: Transaction,
    reader: Body,
    content: bytes,
    header: headers.HeaderFacts,
    *,
    is_dotless: bool,
    looked: ruled.Looked | None = None,
) -> bool:
    """Hand an admitted message on; returns whether it will be stored."""
    message = accept.message(session, transaction, content, header, is_ascii=content.isascii(), is_dotless=is_dotless)
    reader.content = b""  # the message has a copy of its own
    event = accept.event(session, transaction, message)
    then = partial(_stored, session, transaction, reader, message.id)
    try:
        if looked is None:
            session.context.intake.take(message, event, then)
        else:
            looked.submit(session, message, event, then)
    except SpoolUnavailable as error:
        _not_stored(session, transaction, error)
        return False
    if session.ruleset.policies_with_rate:
        count_usage(session, transaction)
    session.hold()
    return True


def _stored(
    session: Session, transaction: Transaction, reader: Body, message_id: int, error: SpoolUnavailable | None
) -> None:
    reader.release()
    if error is not None:
        _not_stored(session, transaction, error)
    else:
        session.context.counters.accepted += 1
        session.empty_commands = 0
        session.send(f"250 2.6.0 {encode_queue_id(message_id)} Queued mail for delivery\r\n".encode())
    session.let_go()


def _not_stored(session: Session, transaction: Transaction, error: SpoolUnavailable) -> None:
    because = f"The spool did not store the message: {error}."
    if isinstance(error, NoSecondCopy):
        reply = replies.NOT_REDUNDANT
    else:
        reply = replies.NOT_NOW if isinstance(error, SpoolFull) else replies.NOT_STORED
    _refuse(session, transaction, admission.refuse(Stage.DATA, reply, because))


def _refuse_size(session: Session, transaction: Transaction, size_bytes: int) -> None:
    verdict = _verdict(session, transaction, size_bytes, headers.HeaderFacts(0))
    _refuse(session, transaction, verdict, size_bytes=size_bytes)


def _refuse(session: Session, transaction: Transaction, verdict: Verdict, *, size_bytes: int = 0) -> None:
    recipients = ", ".join(str(given.recipient) for given in transaction.recipients[:5])
    mail = transaction.mail
    session.refuse(verdict, sender=str(mail.sender), recipient=recipients, size_bytes=size_bytes or mail.size_bytes)


def _verdict(session: Session, transaction: Transaction, size_bytes: int, header: headers.HeaderFacts) -> Verdict:
    return admission.data(
        session.ruleset,
        session.facts,
        transaction.mail.sender,
        [given.recipient for given in transaction.recipients],
        size_bytes=size_bytes,
        header_size_bytes=header.size_bytes,
        hop_count=header.hop_count,
        local_hop_count=header.local_hop_count,
        lookup=session.context.lookup,
        now=session.context.clock(),
    )


def _automatic(session: Session, transaction: Transaction, content: bytes) -> Verdict | None:
    """A refusal of automatic mail, where a remote domain gets none."""
    remote = session.ruleset.remote_domains
    if remote is None:
        return None
    return remote_domains.message(remote, [given.recipient for given in transaction.recipients], content)


def _bare(session: Session) -> Verdict:
    because = "A bare CR or LF in the message: some servers would take it for the end of a line (SMTP smuggling)."
    connector = session.connector
    step = Step("receive_connectors", connector.id, connector.name, Answer.NO, because)
    return admission.refuse(Stage.DATA, replies.BARE_LINE_END_IN_DATA, because, (step,))
