"""The retry ladder's grammar: ``1m*4, 5m*6, 10m...`` is four waits of a minute, six of five, then ten for ever."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from transport.config.types import format_duration, parse_duration

_RUNG = re.compile(r"(\d+[smhd])(?:\s*\*\s*(\d{1,4}))?")


@dataclass(frozen=True, slots=True)
class RetryLadder:
    """``waits_s`` in order; ``last_s`` repeats after them."""

    waits_s: tuple[int, ...]
    last_s: int

    def wait_s(self, attempt: int) -> int:
        """Seconds to wait after the ``attempt``-th failed attempt (from 1)."""
        return self.waits_s[attempt - 1] if attempt <= len(self.waits_s) else self.last_s


@lru_cache(maxsize=64)
def parse(text: str) -> RetryLadder:
    """Return the ladder. Raises ValueError with a sentence that names the rung."""
    rungs = [rung.strip() for rung in text.split(",")]
    if not rungs[-1].endswith("..."):
        raise ValueError(f"retry ladder '{text}': the last wait must end with ... as it repeats, e.g. 1m*4, 10m...")
    rungs[-1] = rungs[-1][:-3].strip()
    waits: list[int] = []
    for rung in rungs:
        match = _RUNG.fullmatch(rung)
        if match is None:
            raise ValueError(f"retry ladder '{text}': '{rung}' is not a wait; write for example 5m or 5m*6")
        wait = int(parse_duration(match[1]))
        if not 1 <= wait <= 86400:
            raise ValueError(f"retry ladder '{text}': {format_duration(wait)} is not between 1s and 1d")
        waits += [wait] * int(match[2] or 1)
    if len(waits) > 1000:
        raise ValueError(f"retry ladder '{text}': more than 1000 waits")
    return RetryLadder(tuple(waits[:-1]), waits[-1])
