"""When a session's time is up: silent too long, in all too long, or a message that only drips in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from transport.model.limit import Limit
from transport.rules import limits

if TYPE_CHECKING:
    from transport.config.objects import ReceiveConnector
    from transport.listener.session import Session

LOOK_EVERY_S = 30.0
LOOK_AGAIN_S = 0.05


def first_look_s(connector: ReceiveConnector) -> float:
    """``next_look_s`` of a session that begins."""
    return min(connector.connection_inactivity_timeout, connector.connection_timeout, LOOK_EVERY_S)


def next_look_s(session: Session, now: float) -> float:
    """Seconds until something may be over: the peer's activity is noted, and read only then."""
    return max(LOOK_AGAIN_S, min(_idle_left(session, now), _total_left(session, now), LOOK_EVERY_S))


def reached(session: Session, now: float) -> Limit | None:
    """For which limit to end the session, if any. One that waits for us (a commit, a password check) is not the peer's
    fault; one that is slowed down for its refused commands is, and could else stay as long as it has more of them."""
    if session.is_muted:
        return Limit.CONNECTION_TIMEOUT if _total_left(session, now) <= 0 else None
    if session.is_held:
        return None
    reader = session.reader
    if reader is not None and limits.is_data_too_slow(
        session.connector, size_bytes=reader.received_bytes, seconds=now - reader.began_at
    ):
        return Limit.DATA_RATE
    if _idle_left(session, now) <= 0:
        return Limit.INACTIVITY_TIMEOUT
    return Limit.CONNECTION_TIMEOUT if _total_left(session, now) <= 0 else None


def _idle_left(session: Session, now: float) -> float:
    return session.last_activity + session.connector.connection_inactivity_timeout - now


def _total_left(session: Session, now: float) -> float:
    return session.began_at + session.connector.connection_timeout - now
