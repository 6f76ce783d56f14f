"""How we greet a peer, and how it greets us: the banner, HELO and EHLO (RFC 5321 4.1.1.1, 4.3.1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transport.config.objects import SizeEnabled
from transport.listener import arrivals, auth, replies
from transport.listener.regular import regular
from transport.model.reply import Reply
from transport.rules import admission, size_limits

if TYPE_CHECKING:
    from transport.listener.session import Session

_XCLIENT = "XCLIENT NAME ADDR PORT PROTO HELO"
"""With the attributes we know. LOGIN is none: who may send as whom is not for a proxy to say."""


def banner(session: Session) -> Reply:
    """The first line that a peer sees; it names no version."""
    return Reply(220, "", f"{session.name} {session.connector.banner or 'ESMTP Mailconsole'}")


def helo(session: Session, argument: str) -> None:
    _greet(session, argument, is_esmtp=False)


def ehlo(session: Session, argument: str) -> None:
    _greet(session, argument, is_esmtp=True)


def _greet(session: Session, argument: str, *, is_esmtp: bool) -> None:
    if not argument:
        session.protocol_error(replies.NEEDS_NAME)
        return
    known = arrivals.greet_again(session, argument, is_esmtp=is_esmtp)
    if known is not None:
        session.empty_command(known)
        return
    arrival = session.arrival
    session.forget_transaction()  # RFC 5321 4.1.4: EHLO clears all
    session.replace_facts(helo=argument[:255], is_esmtp=is_esmtp)
    verdict = admission.helo(session.ruleset, session.facts, now=session.context.clock())
    if not verdict.is_accepted:
        session.refuse(verdict)
        session.replace_facts(helo="", is_esmtp=False)
        return
    session.regular = client = regular(session)
    offered = _extensions(session) if is_esmtp else ""
    hello = client.hellos.get(offered) if client is not None else None
    if hello is None:
        hello = Reply(250, "", f"{session.name} Hello [{session.facts.peer}]{offered}").to_bytes()
        if client is not None:
            client.hellos[offered] = hello
    if arrival is not None:
        arrivals.remember_hello(arrival, session, argument, hello)
    session.empty_command(hello)


def _extensions(session: Session) -> str:
    """What is offered, each on a line of its own; the same for all clients that may have the same."""
    is_tls = session.facts.tls is not None
    key = session.connector.id, is_tls, session.offers_tls, session.offers_xclient, _offers_auth(session)
    known = session.ruleset.greetings.get(key)
    if known is None:
        known = session.ruleset.greetings[key] = "".join(f"\n{keyword}" for keyword in _offered(session))
    return known


def _offered(session: Session) -> list[str]:
    connector = session.connector
    offered = [
        ("PIPELINING", connector.is_pipelining_enabled),
        (f"SIZE {size_limits.announced(session.ruleset, connector)}", connector.size_enabled is SizeEnabled.ENABLED),
        ("SIZE", connector.size_enabled is SizeEnabled.ENABLED_WITHOUT_VALUE),
        ("8BITMIME", "8BITMIME" in session.extensions),
        ("CHUNKING", "CHUNKING" in session.extensions),
        ("BINARYMIME", "BINARYMIME" in session.extensions),
        ("SMTPUTF8", "SMTPUTF8" in session.extensions),
        ("DSN", "DSN" in session.extensions),
        ("ENHANCEDSTATUSCODES", connector.is_enhanced_status_codes_enabled),
        ("STARTTLS", session.offers_tls),
        ("REQUIRETLS", session.facts.tls is not None and "REQUIRETLS" in session.extensions),
        (_XCLIENT, session.offers_xclient),
        (f"AUTH {' '.join(auth.MECHANISMS)}", _offers_auth(session)),
    ]
    return [keyword for keyword, is_offered in offered if is_offered]


def _offers_auth(session: Session) -> bool:
    return session.takes_users and session.may_say_passwords and not session.facts.identity
