"""The protocol log of a send connector. A connection that is not logged pays nothing: the methods of one that is are
replaced, before its socket is there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from transport.config.objects import ProtocolLoggingLevel, SendConnector
from transport.protocol_log.log import ProtocolLog, ProtocolSession
from transport.protocol_log.rows import Mark, command
from transport.queues.transaction import Transaction

if TYPE_CHECKING:
    from transport.delivery.client import Client

MAX_COMMANDS = 256 * 1024
_BEGINS = re.compile(rb"(EHLO|HELO|MAIL FROM:|RCPT TO:|DATA\r|BDAT |RSET\r|QUIT\r|STARTTLS\r|AUTH )")


def attach(client: Client, connector: SendConnector, log: ProtocolLog | None) -> None:
    """Log the connection, if its connector says so."""
    if log is None or connector.protocol_logging_level is not ProtocolLoggingLevel.VERBOSE:
        return
    rows = ProtocolSession(log, connector.name, "", local="", remote=client.remote)
    vars(client).update(_methods(client, rows))


def _methods(client: Client, rows: ProtocolSession) -> dict[str, Any]:
    made, receive, flush, begin, abort = (
        client.connection_made, client.data_received, client._flush, client._begin, client.abort
    )  # fmt: skip
    state = {"tls": "", "is_over": False}

    def connection_made(transport: Any) -> None:
        if not rows.local:
            name = transport.get_extra_info("sockname") or ("", 0)
            rows.local = f"{name[0]}:{name[1]}"
            rows.note(Mark.CONNECT, "")
        made(transport)

    def data_received(data: bytes) -> None:
        if client.tls != state["tls"]:
            state["tls"] = client.tls
            rows.note(Mark.NOTE, client.tls, "TLS negotiation succeeded")
        rows.lines(Mark.RECEIVE, data)
        receive(data)

    def logged_flush() -> None:
        for octets in client._out:
            _say(rows, octets)
        flush()

    def logged_begin(transaction: Transaction) -> bool:
        rows.note(Mark.NOTE, "sending message", transaction.message.queue_id)
        return begin(transaction)

    def logged_abort() -> None:
        if not state["is_over"]:
            state["is_over"] = True
            rows.note(Mark.DISCONNECT, "")
        abort()

    return {
        "connection_made": connection_made,
        "data_received": data_received,
        "_flush": logged_flush,
        "_begin": logged_begin,
        "abort": logged_abort,
    }


def _say(rows: ProtocolSession, octets: bytes) -> None:
    """Commands line by line; of anything else (a message, an answer within AUTH) only how long it is. A message never
    begins like a command: a field of ours is in front of it."""
    if octets == b".\r\n":
        rows.note(Mark.SEND, ".")
    elif len(octets) > MAX_COMMANDS or _BEGINS.match(octets) is None:
        rows.note(Mark.SEND, f"({len(octets)} octets)")
    else:
        for line in octets.split(b"\r\n")[:-1]:
            rows.note(Mark.SEND, command(line))
