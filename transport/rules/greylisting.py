"""Whether a reply is greylisting (RFC 6647), and for how long it asks us to wait. Pure.

Such a reply is no trouble: the server wants to see a second try, soon. The text of a reply is read here only to choose
the next time, within bounds of our own.
"""

from __future__ import annotations

import re

from transport.config import retry_ladder
from transport.model.reply import Reply

REASON = "Greylisted: the server takes mail that is new to it at a later try only."
LADDER = retry_ladder.parse("1m, 2m, 5m*4, 15m...")
SHORTEST_S = 5.0
LONGEST_S = 3600.0
_SAYS_SO = re.compile(r"\bgr[ae]y-?\s?list", re.IGNORECASE)
_ASKS_FOR_ANOTHER_TRY = re.compile(
    r"\b(?:try|come|retry|check) (?:it )?(?:again|back|later)\b|\bdelayed\b|\bretry\b", re.IGNORECASE
)
_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?\b")
_SPAN = re.compile(r"\b(\d{1,5})\s*(s|secs?|seconds?|m|mins?|minutes?|h|hours?)\b", re.IGNORECASE)
_UNITS = {"s": 1, "m": 60, "h": 3600}


def is_greylisting(reply: Reply) -> bool:
    """Whether the server defers what it does not know yet, rather than has a trouble of its own."""
    if not 400 <= reply.code < 500 or reply.code == 421:
        return False
    if _SAYS_SO.search(reply.text) is not None:
        return True
    # RFC 6647 5: 451 or 450 with 4.7.1 is what greylisting servers say.
    is_policy = reply.code in (450, 451) and reply.enhanced == "4.7.1"
    return is_policy and (reply.code == 451 or _ASKS_FOR_ANOTHER_TRY.search(reply.text) is not None)


def wait_s(reply: Reply, *, attempts: int, ladder_s: float) -> float:
    """Seconds until another try is worth while: what the server says, else soon, never later than the ladder's."""
    named = _named_s(reply.text)
    if named:
        return min(max(named, SHORTEST_S), LONGEST_S)
    return min(float(LADDER.wait_s(attempts)), ladder_s)


def _named_s(text: str) -> float:
    """``in 300 seconds``, ``5 min``, ``00:04:55``: the first such in the text; 0 where there is none."""
    clock = _CLOCK.search(text)
    if clock is not None:
        first, second, third = int(clock[1]), int(clock[2]), clock[3]
        return float(first * 3600 + second * 60 + int(third) if third else first * 60 + second)
    span = _SPAN.search(text)
    return float(int(span[1]) * _UNITS[span[2][0].lower()]) if span is not None else 0.0
