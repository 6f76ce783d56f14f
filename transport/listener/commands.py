"""The SMTP commands (RFC 5321 4.1): each a function of the session and its argument that answers, or lets a task."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import TYPE_CHECKING

from transport.listener import auth, bdat, greeting, proxy, replies, tls, transaction

if TYPE_CHECKING:
    from transport.listener.session import Session

    Command = Callable[[Session, str], None]

_BYE = replies.BYE.to_bytes()
CACHED_OCTETS = 100
"""Short lines come again and again: RSET, DATA, an application's MAIL."""


def command(session: Session, line: bytes) -> None:
    """Answer one command line, without its line end."""
    function, argument = _parsed(line) if len(line) <= CACHED_OCTETS else _parse(line)
    function(session, argument)


def _parse(line: bytes) -> tuple[Command, str]:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        return _not_ascii, ""
    if not text.isprintable():
        return _not_ascii, ""
    verb, _, argument = text.partition(" ")
    return _COMMANDS.get(verb.upper(), _unknown), argument.strip()


_parsed = lru_cache(maxsize=1024)(_parse)


def _not_ascii(session: Session, argument: str) -> None:
    session.protocol_error(replies.NOT_ASCII)


def _unknown(session: Session, argument: str) -> None:
    session.protocol_error(replies.UNKNOWN_COMMAND)


def _noop(session: Session, argument: str) -> None:
    session.empty_command(replies.OK)


def leave(session: Session, argument: str = "") -> None:
    """Answer QUIT, which is taken at any time (RFC 5321 4.1.1.10)."""
    session.send(_BYE)
    session.close()


def _vrfy(session: Session, argument: str) -> None:
    session.empty_command(replies.CANNOT_VERIFY if argument else replies.NEEDS_NAME)


def _expn(session: Session, argument: str) -> None:
    session.empty_command(replies.NO_EXPN)


def _help(session: Session, argument: str) -> None:
    session.empty_command(replies.HELP)


def _starttls(session: Session, argument: str) -> None:
    if argument:
        session.protocol_error(replies.NO_PARAMETER)
    elif session.facts.tls is not None:
        session.protocol_error(replies.TLS_ALREADY)
    elif not session.offers_tls:
        session.protocol_error(replies.TLS_NOT_HERE)
    else:
        session.run(tls.start_tls(session))


def _auth(session: Session, argument: str) -> None:
    if not session.facts.is_esmtp or session.transaction is not None:  # RFC 4954 4
        session.protocol_error(replies.BAD_SEQUENCE)
    elif not session.takes_users:
        session.protocol_error(replies.AUTH_NOT_HERE)
    elif session.facts.identity:
        session.protocol_error(replies.AUTH_ALREADY)
    elif not session.may_say_passwords:
        session.protocol_error(replies.AUTH_NEEDS_TLS)
    else:
        session.run(auth.authenticate(session, argument))


def _not_implemented(session: Session, argument: str) -> None:
    session.protocol_error(replies.NOT_IMPLEMENTED)


_COMMANDS: dict[str, Command] = {
    "MAIL": transaction.mail,
    "RCPT": transaction.rcpt,
    "DATA": transaction.data,
    "RSET": transaction.rset,
    "NOOP": _noop,
    "QUIT": leave,
    "EHLO": greeting.ehlo,
    "HELO": greeting.helo,
    "STARTTLS": _starttls,
    "AUTH": _auth,
    "VRFY": _vrfy,
    "EXPN": _expn,
    "HELP": _help,
    "BDAT": bdat.bdat,
    "XCLIENT": proxy.xclient,
    "TURN": _not_implemented,
    "ETRN": _not_implemented,
}
