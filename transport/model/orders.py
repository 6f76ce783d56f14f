"""What operators have ordered to last: suspended queues, and hold rules for mail to come."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

from transport.model.hold import Hold
from transport.model.queue_filter import HOLDABLE, BadFilter, QueueFilter


@dataclass(frozen=True, slots=True)
class SuspendedQueue:
    """Nothing leaves the queue ``key``. ``at`` is unix seconds."""

    key: str
    by: str = ""
    reason: str = ""
    at: float = 0.0


@dataclass(frozen=True, slots=True)
class HoldRule:
    """Mail that ``filter`` lets through is held as it is routed. ``expires_at`` 0 means until it is lifted."""

    id: str
    filter: QueueFilter
    by: str
    reason: str
    at: float
    expires_at: float = 0.0

    def __post_init__(self) -> None:
        """Raises BadFilter."""
        if self.filter.is_empty:
            raise BadFilter("A hold rule needs a criterion: without one it would hold every message.")
        wrong = self.filter.criteria - HOLDABLE
        if wrong:
            raise BadFilter(f"A hold rule cannot ask for '{sorted(wrong)[0]}': it is not known when mail is routed.")

    def is_over(self, now: float) -> bool:
        return 0 < self.expires_at <= now

    @property
    def hold(self) -> Hold:
        """What a message that it holds carries."""
        return Hold(self.by, self.reason, self.at, self.id)


@dataclass(frozen=True, slots=True)
class StandingOrders:
    """All of them, as the console last said."""

    suspended: tuple[SuspendedQueue, ...] = ()
    holds: tuple[HoldRule, ...] = field(default=())

    def in_force(self, now: float) -> StandingOrders:
        """Without the rules that are over."""
        return StandingOrders(self.suspended, tuple(rule for rule in self.holds if not rule.is_over(now)))

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        holds = [{**asdict(rule), "filter": rule.filter.row()} for rule in self.holds]
        return {"suspended": [asdict(one) for one in self.suspended], "holds": holds}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> StandingOrders:
        """The inverse of ``row``. Raises ValueError, TypeError, KeyError."""
        suspended = tuple(SuspendedQueue(**one) for one in row["suspended"])
        holds = tuple(HoldRule(**{**one, "filter": QueueFilter.of_row(one["filter"])}) for one in row["holds"])
        return cls(suspended, holds)
