"""Why a server says 421 and closes the connection: it goes down, or has enough connections from us. Pure.

RFC 5321 3.8: 421 may come at any time and is about the service, not about the message.
"""

from __future__ import annotations

import re
from enum import StrEnum

from transport.model.reply import Reply


class Closing(StrEnum):
    """What a 421 is about."""

    TOO_MANY = "too_many"
    SHUTTING_DOWN = "shutting_down"
    UNSAID = "unsaid"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Closing.TOO_MANY: "The server has too many connections or messages from us: fewer are made.",
    Closing.SHUTTING_DOWN: "The server is shutting down or takes no mail now: others are tried first.",
    Closing.UNSAID: "The server closed the connection without a reason: others are tried first.",
}
_TOO_MANY = re.compile(r"too (?:many|much|fast)|concurren|rate|throttl|limit|exceed|busy|overload|load", re.IGNORECASE)
_SHUTTING_DOWN = re.compile(r"shut|maintenance|restart|going down|not available|unavailable|no service", re.IGNORECASE)
# RFC 3463 3.4, 3.5, and what large providers say of sending too much.
_TOO_MANY_STATUS = frozenset({"4.4.5", "4.7.0", "4.7.28"})


def closing(reply: Reply | None) -> Closing | None:
    """What a 421 is about; None for any other reply, or none."""
    if reply is None or reply.code != 421:
        return None
    if _SHUTTING_DOWN.search(reply.text) is not None:
        return Closing.SHUTTING_DOWN
    if reply.enhanced in _TOO_MANY_STATUS or _TOO_MANY.search(reply.text) is not None:
        return Closing.TOO_MANY
    return Closing.SHUTTING_DOWN if reply.enhanced == "4.3.2" else Closing.UNSAID
