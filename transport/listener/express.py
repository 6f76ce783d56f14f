"""The common case in one go: MAIL, RCPT, DATA and the message of a regular client, as they arrive.

Nothing is decided here. What is remembered of the client answers commands like those that were accepted before; what
is odd in any way is left where it is for the careful way (``commands``, ``transaction``, ``finish``), which would have
answered the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from transport.listener import finish, regular
from transport.listener.commands import leave
from transport.listener.data import DOT_LINE, DataReader, has_bare_line_end
from transport.listener.regular import Regular
from transport.listener.transaction import RECIPIENT_OK, SENDER_OK, START_DATA, Transaction
from transport.model.envelope import BodyType
from transport.rules import headers

if TYPE_CHECKING:
    from transport.listener.session import Session

MAX_LINES_AT_ONCE = 200
QUIT = b"QUIT\r\n"
_ODD = (b".", b" ", b"\t")
"""How a message begins that is no plain one: stuffed, empty, or with a line that there is no field to fold it into."""
log = structlog.get_logger(__name__)


def received(session: Session, client: Regular, data: bytes) -> int:
    """Deal with what is plain at the beginning of ``data``; returns how many octets that were. Nothing is held, and
    nothing is left of what came before."""
    if client.until <= session.context.clock():
        session.regular = regular.regular(session)
        if session.transaction is not None:  # it was begun under what holds no more
            session.transaction.sender = None
        return 0
    position, size, lines = 0, len(data), 0
    try:
        while position < size and lines < MAX_LINES_AT_ONCE:
            if session.reader is not None:
                return _message(session, client, data, position)
            end = data.find(b"\r\n", position) + 2
            if end < 2:
                return position
            # A call for each command would cost as much as all that is done for it.
            line, transaction = data[position:end], session.transaction
            if transaction is None:
                if line == QUIT:
                    leave(session)
                    return size
                if not _mail(session, client, line):
                    return position
            elif transaction.sender is None or transaction.body is not None:
                return position
            elif line == b"DATA\r\n":
                if not _data(session, transaction):
                    return position
            else:
                found = transaction.sender.recipients.get(line) or client.recipient(session, transaction.sender, line)
                recipients, trails = transaction.recipients, transaction.trails
                if found is None or len(recipients) >= client.max_recipients:
                    return position
                recipients.append(found[0])
                if not trails or trails[-1] is not found[1]:
                    trails.append(found[1])
                session.out.append(RECIPIENT_OK)
            position = end
            lines += 1
    except Exception:  # the careful way will say so to the peer
        log.exception("session.express_failed", session=session.facts.session_id)
    return position


def _mail(session: Session, client: Regular, line: bytes) -> bool:
    """Begin a transaction; False where that is left to the careful way."""
    sender = client.senders.get(line) or client.sender(session, line)
    context = session.context
    intake = context.intake
    if sender is None or context.is_draining or intake.why_not_accepting or intake.why_not_from_outside:
        return False
    session.transaction = Transaction(sender.mail, sender)
    session.out.append(SENDER_OK)
    return True


def _data(session: Session, transaction: Transaction) -> bool:
    if not transaction.recipients or transaction.mail.body_type is BodyType.BINARY_MIME:
        return False
    reader, session.spare_reader = session.spare_reader, None
    if reader is None:
        connector, memory = session.connector, session.context.memory
        reader = DataReader(connector.max_message_size, memory.reading, began_at=session.last_activity)
    else:
        reader.begin(session.last_activity)
    session.reader = reader
    session.out.append(START_DATA)
    return True


def _message(session: Session, client: Regular, data: bytes, start: int) -> int:
    """Take a message that came in one piece and has nothing odd; returns where it ends, or ``start``."""
    reader, transaction = session.reader, session.transaction
    if type(reader) is not DataReader or reader.received_bytes or transaction is None or data.startswith(_ODD, start):
        return start
    end = data.find(DOT_LINE, start) + 2
    if end < 2:
        return start
    behind = end + 3
    if not data.startswith(b"\r\n", end + 1) or not reader.has_room(behind - start):
        return start
    connector, content = session.connector, data[start:end]
    if len(content) > client.max_bytes or client.is_whole_asked or has_bare_line_end(content):
        return start
    header = headers.read(content, max_bytes=connector.max_header_size)
    if header.size_bytes > connector.max_header_size or header.hop_count > client.max_hops:
        return start
    session.reader = session.transaction = None
    reader.hold(behind - start)
    is_stored_soon = False
    try:
        is_stored_soon = finish.store(session, transaction, reader, content, header, is_dotless=True)
    except Exception:
        session.fail()
    if not is_stored_soon:
        reader.release()
    session.spare_reader = reader  # it took nothing in; once the message is stored it holds nothing
    return behind
