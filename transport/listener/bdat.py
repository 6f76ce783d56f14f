"""BDAT (RFC 3030): whatever becomes of a chunk, its octets are read as such and never as commands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from transport.listener import crowding, data, finish, replies
from transport.listener.chunks import ChunkedBody, ChunkReader
from transport.listener.data import Overflow
from transport.model.envelope import BodyType
from transport.model.reply import Reply

if TYPE_CHECKING:
    from transport.listener.session import Session

_ARGUMENT = re.compile(r"([0-9]{1,20})(?: +(LAST))?", re.IGNORECASE)


def bdat(session: Session, argument: str) -> None:
    match = _ARGUMENT.fullmatch(argument)
    if match is None:  # what follows is of unknown length: nothing behind it can be told from commands
        session.protocol_error(replies.BAD_CHUNK)
        session.close()
        return
    size, is_last = int(match[1]), match[2] is not None
    refusal = _objection(session)
    body = _body(session)
    if refusal is None and body is not None:
        body.expect(size)
    reader = ChunkReader(size, is_last=is_last, body=body, refusal=refusal, began_at=session.loop.time())
    is_dropped = refusal is not None or (body is not None and body.overflow is not Overflow.NONE)
    if is_dropped and size > data.HARD_CAP_BYTES:
        if body is not None:
            body.received_bytes += size
        _ended(session, reader)
        session.close()  # not worth the wait
    elif size:
        session.reader = reader
    else:
        _ended(session, reader)


def chunk_received(session: Session, reader: ChunkReader, octets: bytes, start: int) -> int:
    """Take octets of a chunk; answer its end. Returns the index of the first octet that is not of it."""
    end = reader.feed(octets, start)
    if end < 0:
        if reader.body is not None:
            crowding.look(session, reader.body)
        return len(octets)
    session.reader = None
    try:
        _ended(session, reader)
    except Exception:
        reader.release()
        session.fail()
    return end


def _objection(session: Session) -> Reply | None:
    transaction = session.transaction
    if "CHUNKING" not in session.extensions:
        return replies.NOT_IMPLEMENTED
    if not session.facts.is_esmtp:
        return replies.BAD_SEQUENCE
    if transaction is None:
        return replies.MAIL_FIRST
    if transaction.body is not None and transaction.body.is_broken:
        return replies.CHUNK_REFUSED
    return None if transaction.recipients else replies.RCPT_FIRST


def _body(session: Session) -> ChunkedBody | None:
    """What the chunks of the transaction make up, begun with the first."""
    transaction = session.transaction
    if transaction is None:
        return None
    if transaction.body is None:
        transaction.body = ChunkedBody(
            session.connector.max_message_size, session.context.memory.reading, began_at=session.loop.time()
        )
    return transaction.body


def _ended(session: Session, reader: ChunkReader) -> None:
    body = reader.body
    if reader.refusal is not None:
        _refused(session, reader, reader.refusal)
    elif body is None or session.transaction is None:
        raise AssertionError("a chunk that was not refused belongs to a transaction")
    elif reader.is_last:
        body.close(is_binary=session.transaction.mail.body_type is BodyType.BINARY_MIME)
        finish.finish(session, body)
    elif body.overflow is not Overflow.NONE:
        body.break_off()
        finish.refuse_overflow(session, session.transaction, body)
    elif reader.size_bytes:
        crowding.look(session, body)
        session.reply(Reply(250, "2.0.0", f"{reader.size_bytes} octets received"))
    else:
        session.empty_command(Reply(250, "2.0.0", "0 octets received"))


def _refused(session: Session, reader: ChunkReader, refusal: Reply) -> None:
    """After it no chunk is taken until the transaction ends, with LAST or RSET (RFC 3030 2)."""
    if reader.body is not None:
        reader.body.break_off()
    if reader.is_last:
        session.forget_transaction()
    if refusal is replies.RCPT_FIRST:  # as with DATA: no fault of a client that pipelines
        session.empty_command(refusal)
    else:
        session.protocol_error(refusal)
