"""The SMTP commands (RFC 5321 4.1): each a function of the session and its argument that answers, or lets a task."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from transport.listener import auth, replies, tls
from transport.listener.data import DataReader
from transport.listener.parameters import MailParameters, Refused, parse_mail, parse_rcpt
from transport.listener.transaction import Transaction
from transport.model.reply import Reply
from transport.model.verdict import Stage, Verdict
from transport.rules import admission, limits

if TYPE_CHECKING:
    from transport.listener.session import Session

_SENDER_OK = replies.SENDER_OK.to_bytes()
_RECIPIENT_OK = replies.RECIPIENT_OK.to_bytes()
_START_DATA = replies.START_DATA.to_bytes()


def command(session: Session, line: bytes) -> None:
    """Answer one command line, without its line end."""
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        session.protocol_error(replies.NOT_ASCII)
        return
    if not text.isprintable():
        session.protocol_error(replies.NOT_ASCII)
        return
    verb, _, argument = text.partition(" ")
    function = _COMMANDS.get(verb.upper())
    if function is None:
        session.protocol_error(replies.UNKNOWN_COMMAND)
    else:
        function(session, argument.strip())


def _helo(session: Session, argument: str) -> None:
    _greet(session, argument, is_esmtp=False)


def _ehlo(session: Session, argument: str) -> None:
    _greet(session, argument, is_esmtp=True)


def _greet(session: Session, argument: str, *, is_esmtp: bool) -> None:
    if not argument:
        session.protocol_error(replies.NEEDS_NAME)
        return
    session.transaction = None  # RFC 5321 4.1.4: EHLO clears all
    session.replace_facts(helo=argument[:255], is_esmtp=is_esmtp)
    verdict = admission.helo(session.ruleset, session.facts, now=session.context.clock())
    if not verdict.is_accepted:
        session.refuse(verdict)
        return
    name = session.connector.fqdn or session.context.hostname
    hello = f"{name} Hello [{session.facts.peer}]"
    session.empty_command(Reply(250, "", "\n".join([hello, *_extensions(session)]) if is_esmtp else hello))


def _extensions(session: Session) -> list[str]:
    connector = session.connector
    offered = [
        ("PIPELINING", connector.is_pipelining_enabled),
        (f"SIZE {connector.max_message_size}", True),
        ("8BITMIME", "8BITMIME" in session.extensions),
        ("SMTPUTF8", "SMTPUTF8" in session.extensions),
        ("DSN", "DSN" in session.extensions),
        ("ENHANCEDSTATUSCODES", True),
        ("STARTTLS", session.offers_tls),
        (f"AUTH {' '.join(auth.MECHANISMS)}", _offers_auth(session)),
    ]
    return [keyword for keyword, is_offered in offered if is_offered]


def _offers_auth(session: Session) -> bool:
    return session.takes_users and session.facts.tls is not None and not session.facts.identity


def _mail(session: Session, argument: str) -> None:
    if not session.facts.helo:
        session.protocol_error(replies.HELO_FIRST)
        return
    if session.transaction is not None:
        session.protocol_error(replies.ALREADY_MAIL)
        return
    context = session.context
    if context.is_draining:
        session.reply(replies.STOPPING)
        session.close()
        return
    if context.intake.why_not_accepting:
        session.refuse(
            admission.refuse(Stage.MAIL, replies.NOT_NOW, f"Not accepting: {context.intake.why_not_accepting}")
        )
        return
    try:
        given = parse_mail(argument, session.extensions)
    except Refused as refused:
        session.protocol_error(refused.reply)
        return
    verdict = _admit(session, given)
    if not verdict.is_accepted:
        session.refuse(verdict, sender=str(given.sender))
        return
    session.transaction = Transaction(given)
    session.send(_SENDER_OK)


def _admit(session: Session, given: MailParameters) -> Verdict:
    now, connector = session.context.clock(), session.connector
    verdict = admission.mail(
        session.ruleset, session.facts, given.sender, declared_size_bytes=given.size_bytes, now=now
    )
    limit = connector.message_rate_limit_per_min
    if limit is None or not verdict.is_accepted:
        return verdict
    count = session.context.rates.add(connector.id, session.facts.peer, limit=limit, now=now)
    return limits.message_rate(connector, in_last_minute=count) or verdict


def _rcpt(session: Session, argument: str) -> None:
    transaction = session.transaction
    if transaction is None:
        session.protocol_error(replies.MAIL_FIRST)
        return
    try:
        given = parse_rcpt(argument, session.extensions, transaction.mail.is_smtputf8)
    except Refused as refused:
        session.protocol_error(refused.reply)
        return
    ruleset = session.ruleset
    verdict = limits.recipients(
        session.connector, ruleset.organization.max_recipient_envelope_limit, count=len(transaction.recipients) + 1
    ) or admission.rcpt(
        ruleset,
        session.facts,
        transaction.mail.sender,
        given.recipient,
        size_bytes=transaction.mail.size_bytes,
        lookup=session.context.lookup,
        now=session.context.clock(),
    )
    if not verdict.is_accepted:
        session.refuse(verdict, sender=str(transaction.mail.sender), recipient=str(given.recipient))
        return
    transaction.recipients.append(given)
    for step in verdict.trail:
        transaction.trail[step] = None
    session.send(_RECIPIENT_OK)


def _data(session: Session, argument: str) -> None:
    if argument:
        session.protocol_error(replies.NO_PARAMETER)
    elif session.transaction is None:
        session.protocol_error(replies.MAIL_FIRST)
    elif not session.transaction.recipients:
        session.reply(replies.RCPT_FIRST)
    else:
        session.reader = DataReader(
            session.connector.max_message_size, session.context.budget, began_at=session.loop.time()
        )
        session.send(_START_DATA)


def _rset(session: Session, argument: str) -> None:
    session.transaction = None
    session.empty_command(replies.OK)


def _noop(session: Session, argument: str) -> None:
    session.empty_command(replies.OK)


def _quit(session: Session, argument: str) -> None:
    session.reply(replies.BYE)
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
    elif session.facts.tls is None:
        session.protocol_error(replies.AUTH_NEEDS_TLS)
    else:
        session.run(auth.authenticate(session, argument))


def _not_implemented(session: Session, argument: str) -> None:
    session.protocol_error(replies.NOT_IMPLEMENTED)


_COMMANDS: dict[str, Callable[[Session, str], None]] = {
    "MAIL": _mail,
    "RCPT": _rcpt,
    "DATA": _data,
    "RSET": _rset,
    "NOOP": _noop,
    "QUIT": _quit,
    "EHLO": _ehlo,
    "HELO": _helo,
    "STARTTLS": _starttls,
    "AUTH": _auth,
    "VRFY": _vrfy,
    "EXPN": _expn,
    "HELP": _help,
    "BDAT": _not_implemented,
    "TURN": _not_implemented,
    "ETRN": _not_implemented,
}
