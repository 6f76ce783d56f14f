"""What is remembered of clients that come again and again: which connector greets them, and how.

Nothing is decided here: ``opening`` decides the first time, and only what it would decide the same way under the same
ruleset is remembered. How many connections there are is asked each time.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from transport.config.objects import ReceiveConnector
    from transport.listener.session import Session

MAX_ARRIVALS = 2_000


class Arrival:
    """A client that is greeted at once."""

    __slots__ = ("banner", "connector", "extensions")

    def __init__(self, connector: ReceiveConnector, extensions: frozenset[str], banner: bytes) -> None:
        self.connector = connector
        self.extensions = extensions
        self.banner = banner


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
