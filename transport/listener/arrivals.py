"""What is remembered of clients that come again and again: which connector greets them, and how.

Nothing is decided here: ``opening`` decides the first time, and only what it would decide the same way under the same
ruleset is remembered. How many connections there are is asked each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transport.config.objects import ReceiveConnector
    from transport.listener.regular import Regular
    from transport.listener.session import Session

MAX_ARRIVALS = 2_000
MAX_HELLOS = 4
"""Of a client: most say the same name each time."""
MAX_NAME = 255


class Hello:
    """How a client was answered that said its name in a certain way, and what follows from that for its session."""

    __slots__ = ("client", "described", "described_json", "helo", "octets", "offers_tls", "trace_heads")

    def __init__(self, session: Session, client: Regular, octets: bytes) -> None:
        self.client = client
        self.octets = octets
        self.helo = session.facts.helo
        self.offers_tls = session.offers_tls
        self.trace_heads = session.trace_heads
        self.described = session.described()
        self.described_json = session.described_json


class Arrival:
    """A client that is greeted at once. ``hellos`` by what it says of itself, and whether that by EHLO."""

    __slots__ = ("banner", "connector", "extensions", "hellos")

    def __init__(self, connector: ReceiveConnector, extensions: frozenset[str], banner: bytes) -> None:
        self.connector = connector
        self.extensions = extensions
        self.banner = banner
        self.hellos: dict[tuple[str, bool], Hello] = {}


def find(session: Session, peer: str) -> Arrival | None:
    """What is remembered of ``peer`` on the session's binding."""
    found: Arrival | None = session.ruleset.arrivals.get((session.binding, peer, session.context.hostname))
    return found


def remember(session: Session, banner: bytes) -> None:
    """The client of the session was just greeted; remember it, if nothing else has a say the next time."""
    facts, ruleset = session.facts, session.ruleset
    if session.is_logged or facts.proxy or facts.tls is not None or ruleset.list_providers is not None:
        return
    # An entry of the IP lists may end, and its step is part of a refusal's trail.
    if any(entries.find(facts.peer, 0.0) is not None for entries in (ruleset.ip_allow_list, ruleset.ip_block_list)):
        return
    if len(ruleset.arrivals) >= MAX_ARRIVALS:
        ruleset.arrivals.clear()
    key = session.binding, facts.peer, session.context.hostname
    ruleset.arrivals[key] = Arrival(session.connector, session.extensions, banner)


def greet_again(session: Session, argument: str, *, is_esmtp: bool) -> bytes | None:
    """The answer to the first EHLO or HELO of a session that comes like others before; None where it is to be thought
    about. Where it was answered it is what it was for them, too."""
    arrival = session.arrival
    known = arrival.hellos.get((argument, is_esmtp)) if arrival is not None else None
    if known is None or known.client.until <= session.context.clock() or known.offers_tls is not session.offers_tls:
        return None
    session.facts = session.facts.greeted(known.helo, is_esmtp=is_esmtp)
    session.regular, session.trace_heads = known.client, known.trace_heads
    session.recall(known.described, known.described_json)
    session.arrival = None
    return known.octets


def remember_hello(arrival: Arrival, session: Session, argument: str, octets: bytes) -> None:
    """The session came by ``arrival`` and was just answered; ``argument`` is what it said."""
    if session.regular is None or len(argument) > MAX_NAME:
        return
    if len(arrival.hellos) >= MAX_HELLOS:
        arrival.hellos.clear()
    arrival.hellos[argument, session.facts.is_esmtp] = Hello(session, session.regular, octets)
