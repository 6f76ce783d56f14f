"""How a session begins and ends: the connector that serves it, its limits, the greeting."""

from __future__ import annotations

import secrets
from dataclasses import replace
from itertools import count
from typing import TYPE_CHECKING, Any

from transport.config.objects import ProxyProtocol, ReceiveConnector, TlsMode
from transport.listener import arrivals, greeting, listed, protocol, tls
from transport.listener.arrivals import Arrival
from transport.listener.parameters import extensions_of
from transport.listener.proxy_header import HeaderReader
from transport.model.session import SessionFacts
from transport.model.verdict import Verdict
from transport.rules import admission, limits

if TYPE_CHECKING:
    from transport.listener.session import Session

_NOBODY = ReceiveConnector(
    id="none", name="none", tarpit_interval=0, connection_inactivity_timeout=10, connection_timeout=30
)
"""What holds while it is not known yet who the client is."""

_NO_EXTENSIONS = extensions_of(_NOBODY, is_tls=False)


_PROCESS = secrets.token_hex(4)
_NUMBERS = count(secrets.randbelow(1 << 31))
"""A session's id is known again among those of all nodes and of years; nobody has to be kept from guessing it."""


def open_session(session: Session, transport: Any) -> bool:
    """Greet the peer, or wait for its proxy's header, or refuse it and close. Returns whether the session goes on."""
    peer, port = _peer(transport)
    known = arrivals.find(session, peer)
    session.connector = _NOBODY if known is None else known.connector
    session.extensions = _NO_EXTENSIONS if known is None else known.extensions
    session.facts = SessionFacts(
        f"{_PROCESS}{next(_NUMBERS):08x}",
        peer,
        port,
        session.binding,
        "" if known is None else known.connector.id,
        session.ruleset.revision,
        session.context.clock(),
    )
    if known is not None:
        return _welcome(session, known)
    if not peer:
        session.abort()
        return False
    spoken = session.ruleset.proxy_protocol(session.binding, peer)
    if spoken is ProxyProtocol.PROXY:
        session.replace_facts(proxy=peer)
        session.reader = HeaderReader(began_at=session.loop.time())
        return True
    return serve(session, peer, port, proxy=peer if spoken is not None else "")


def _welcome(session: Session, known: Arrival) -> bool:
    session.arrival = known
    verdict = _count(session, known.connector)
    if verdict is not None:
        turn_away(session, verdict)
        return False
    session.send(known.banner)
    return True


def serve(session: Session, peer: str, port: int, *, proxy: str) -> bool:
    """Greet the client, or refuse it and close. Returns whether the session goes on."""
    verdict = _assign(session, peer, port, proxy=proxy)
    protocol.attach(session, session.peer_transport)
    if not verdict.is_accepted:
        turn_away(session, verdict)
        return False
    if _begins_with_tls(session):
        session.run(_shake_hands_and_greet(session))
    else:
        _greet(session)
    return True


def _begins_with_tls(session: Session) -> bool:
    return session.connector.tls_mode is TlsMode.IMPLICIT and session.facts.tls is None


async def _shake_hands_and_greet(session: Session) -> None:
    if await tls.shake_hands(session, is_first=True):
        _greet(session)


def _greet(session: Session) -> None:
    if session.connector.banner_delay and not session.facts.is_unnamed:
        session.hold()
        session.loop.call_later(session.connector.banner_delay, _greet_late, session)
    else:
        octets = greeting.banner(session).to_bytes()
        session.send(octets)
        arrivals.remember(session, octets)


def name_client(session: Session, peer: str, port: int, *, helo: str, is_esmtp: bool) -> None:
    """Begin anew with the client that a proxy named, within the session; what was known of the proxy is forgotten."""
    _uncount(session)
    facts = session.facts
    of_proxy = replace(facts.tls, client_fingerprint="", client_subject="") if facts.tls is not None else None
    session.replace_facts(helo=helo[:255], is_esmtp=is_esmtp, identity="", addresses=(), tls=of_proxy)
    verdict = _assign(session, peer, port, proxy=facts.proxy)
    if verdict.is_accepted:
        session.reply(greeting.banner(session))
    else:
        turn_away(session, verdict)


def _assign(session: Session, peer: str, port: int, *, proxy: str) -> Verdict:
    """Find the connector that serves the client, and whether it does."""
    ruleset = session.ruleset
    connector = ruleset.connector_for(session.binding, peer)
    if proxy == peer:  # it has not said yet who the client is
        connector = ruleset.connector_of_proxy(session.binding, proxy)
    session.connector = connector or _NOBODY
    session.replace_facts(peer=peer, peer_port=port, proxy=proxy, connector_id=connector.id if connector else "")
    session.extensions = extensions_of(session.connector, is_tls=session.facts.tls is not None)
    verdict = admission.connect(ruleset, session.facts, now=session.context.clock())
    session.allowed = verdict.trail[:-1] if verdict.is_accepted else ()
    if verdict.is_accepted and connector is not None and not session.facts.is_unnamed:
        one_too_many = _count(session, connector)
        if one_too_many is not None:
            return one_too_many
        if ruleset.list_providers is not None:  # of those alone who are served: each question holds a socket
            listed.begin(session)
    return verdict


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
    session.context.sessions.discard(session)
    _uncount(session)


def _count(session: Session, connector: ReceiveConnector) -> Verdict | None:
    session.is_counted = True
    in_all, from_source = session.context.connections.add(connector.id, session.facts.peer)
    refused = limits.connections(connector, in_all=in_all, from_source=from_source)
    if refused is None and connector.max_connection_rate_per_min is not None:
        return _rate(session, connector, connector.max_connection_rate_per_min)
    return refused


def _rate(session: Session, connector: ReceiveConnector, limit: int) -> Verdict | None:
    context = session.context
    count = context.connection_rates.add(connector.id, "", limit=limit, now=context.clock())
    return limits.connection_rate(connector, in_last_minute=count)


def _uncount(session: Session) -> None:
    if session.is_counted:
        session.is_counted = False
        session.context.connections.remove(session.facts.connector_id, session.facts.peer)


def turn_away(session: Session, verdict: Verdict) -> None:
    """Refuse the peer and close."""
    session.tell(verdict)
    if not _begins_with_tls(session):  # who waits for TLS would not understand
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
