"""How a session begins and ends: the connector that serves it, its limits, the greeting."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

from transport.config.objects import ReceiveConnector
from transport.listener import greeting
from transport.listener.parameters import extensions_of
from transport.listener.tls import tls_facts
from transport.model.session import SessionFacts
from transport.model.verdict import Verdict
from transport.rules import admission, limits

if TYPE_CHECKING:
    from transport.listener.session import Session

_NOBODY = ReceiveConnector(id="none", name="none", tarpit_interval=0)


def open_session(session: Session, transport: Any) -> bool:
    """Greet the peer, or refuse it and close. Returns whether the session goes on."""
    context = session.context
    now = context.clock()
    peer, port = _peer(transport)
    connector = session.ruleset.connector_for(session.binding, peer) if peer else None
    session.connector = connector or _NOBODY
    session.facts = SessionFacts(
        session_id=secrets.token_hex(8),
        peer=peer,
        peer_port=port,
        binding=session.binding,
        connector_id=connector.id if connector else "",
        revision=session.ruleset.revision,
        started_at=now,
        tls=tls_facts(transport.get_extra_info("ssl_object")),
    )
    session.extensions = extensions_of(session.connector, is_tls=session.facts.tls is not None)
    if not peer:
        session.abort()
        return False
    verdict = admission.connect(session.ruleset, session.facts, now=now)
    if verdict.is_accepted and connector is not None:
        verdict = _count(session, connector) or verdict
    if not verdict.is_accepted:
        _turn_away(session, verdict)
        return False
    if session.connector.banner_delay:
        session.hold()
        session.loop.call_later(session.connector.banner_delay, _greet_late, session)
    else:
        session.reply(greeting.banner(session))
    return True


def _greet_late(session: Session) -> None:
    """Who spoke meanwhile does not speak SMTP (RFC 5321 4.3.1), or has more to send than time to listen."""
    if session.is_closing:
        return
    if session.has_unread:
        session.refuse(limits.spoke_too_early(session.connector))
    else:
        session.reply(greeting.banner(session))
    session.let_go()


def close_session(session: Session) -> None:
    """Take the session out of every count."""
    context, facts = session.context, session.facts
    context.sessions.discard(session)
    if session.is_counted:
        context.connections.remove(facts.connector_id, facts.peer)


def _count(session: Session, connector: ReceiveConnector) -> Verdict | None:
    session.is_counted = True
    in_all, from_source = session.context.connections.add(connector.id, session.facts.peer)
    return limits.connections(connector, in_all=in_all, from_source=from_source)


def _turn_away(session: Session, verdict: Verdict) -> None:
    session.tell(verdict)
    session.reply(verdict.reply or admission.ACCESS_DENIED)
    session.close()


def _peer(transport: Any) -> tuple[str, int]:
    """The peer's address, IPv4-mapped IPv6 unwrapped; an empty one when it has gone already."""
    name = transport.get_extra_info("peername")
    if not name:
        return "", 0
    address = str(name[0]).partition("%")[0]
    if address.startswith("::ffff:") and "." in address:
        address = address[7:]
    return address, int(name[1])
