"""What the sessions of one node share: the ruleset for new sessions, where mail goes, counters and limits."""

from __future__ import annotations

import ssl
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from transport.listener.data import Budget
from transport.model.event import TrackingEvent
from transport.ports import Authenticator, Intake, RecipientLookup
from transport.rules.ruleset import Ruleset

if TYPE_CHECKING:
    from transport.listener.session import Session

DATA_BUDGET_BYTES = 256 * 1024 * 1024
REFUSALS_KEPT_PER_S = 50


@dataclass(slots=True)
class Counters:
    """Since the node started."""

    sessions: int = 0
    accepted: int = 0
    refused: int = 0
    untold: int = 0


@dataclass(slots=True)
class Context:
    """One for each listener."""

    ruleset: Ruleset
    intake: Intake
    lookup: RecipientLookup
    authenticator: Authenticator
    tls_context: ssl.SSLContext | None
    hostname: str
    clock: Callable[[], float]
    counters: Counters = field(default_factory=Counters)
    budget: Budget = field(default_factory=lambda: Budget(DATA_BUDGET_BYTES))
    sessions: set[Session] = field(default_factory=set)
    by_connector: dict[str, int] = field(default_factory=dict)
    by_source: dict[tuple[str, str], int] = field(default_factory=dict)
    is_draining: bool = False
    _rates: dict[tuple[str, str], deque[float]] = field(default_factory=dict)
    _told: tuple[int, int] = (0, 0)

    def tell_refusal(self, event: TrackingEvent) -> None:
        """Keep a refusal; a flood of them is counted and not kept, so that it cannot fill the disk."""
        self.counters.refused += 1
        second, told = self._told
        if int(event.at) != second:
            second, told = int(event.at), 0
        self._told = (second, told + 1)
        if told < REFUSALS_KEPT_PER_S:
            self.intake.record([event])
        else:
            self.counters.untold += 1

    def message_rate(self, connector_id: str, peer: str, now: float) -> int:
        """Messages of this source in the last minute, with the one that begins now."""
        times = self._rates.setdefault((connector_id, peer), deque())
        while times and times[0] <= now - 60:
            times.popleft()
        times.append(now)
        if len(self._rates) > 10_000:
            self._forget_rates(now)
        return len(times)

    def _forget_rates(self, now: float) -> None:
        for key in [key for key, times in self._rates.items() if not times or times[-1] <= now - 60]:
            del self._rates[key]
