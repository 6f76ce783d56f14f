"""What an operator orders for queued messages, and what came of it."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from transport.model.queue_filter import QueueFilter


class Verb(StrEnum):
    """What can be done with messages that a filter lets through."""

    SUSPEND = "suspend"
    RESUME = "resume"
    RETRY = "retry"
    SET_NEXT_ATTEMPT = "next-attempt"
    REMOVE = "remove"
    REDIRECT = "redirect"
    RESUBMIT = "resubmit"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]

    @property
    def done(self) -> str:
        """``214 messages suspended``."""
        return _DONE[self]


_SENTENCES = {
    Verb.SUSPEND: "Hold the messages until they are resumed; those being delivered now, if that does not succeed.",
    Verb.RESUME: "Let suspended and held messages go on.",
    Verb.RETRY: "Try the messages at once; their queues connect at once too.",
    Verb.SET_NEXT_ATTEMPT: "Try the messages at a time that you choose, not before.",
    Verb.REMOVE: "Take the messages out for good; their senders are told, unless you say otherwise.",
    Verb.REDIRECT: "Send the messages through another send connector.",
    Verb.RESUBMIT: "Resolve the recipients and choose the route again, under the configuration of now.",
}
_DONE = {
    Verb.SUSPEND: "suspended",
    Verb.RESUME: "resumed",
    Verb.RETRY: "to be tried now",
    Verb.SET_NEXT_ATTEMPT: "given another time",
    Verb.REMOVE: "removed",
    Verb.REDIRECT: "redirected",
    Verb.RESUBMIT: "routed again",
}


@dataclass(frozen=True, slots=True)
class QueueOrder:
    """``at_most``: how many messages the operator was shown; a node that finds more refuses. ``next_attempt_at`` is in
    unix seconds. ``reason`` is private."""

    verb: Verb
    filter: QueueFilter
    by: str
    reason: str = ""
    at_most: int | None = None
    with_ndr: bool = True
    connector_id: str = ""
    next_attempt_at: float = 0.0

    def row(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "filter": self.filter.row()}

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> QueueOrder:
        """The inverse of ``row``. Raises ValueError, TypeError, KeyError."""
        return cls(**{**row, "verb": Verb(row["verb"]), "filter": QueueFilter.of_row(row["filter"])})


@dataclass(frozen=True, slots=True)
class Preview:
    """What a filter lets through now, on one node; at least that where ``is_partial``: the search took too long."""

    messages: int = 0
    by_queue: dict[str, int] = field(default_factory=dict)
    by_state: dict[str, int] = field(default_factory=dict)
    is_partial: bool = False

    def row(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(slots=True)
class Job:
    """An order that a node carries out, a piece at a time. ``left_out`` counts messages that it could not be done for,
    ``problem`` says why, or why it ended early."""

    id: int
    verb: Verb
    selected: int = 0
    done: int = 0
    left_out: int = 0
    is_finished: bool = False
    problem: str = ""

    def row(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_row(cls, row: dict[str, Any]) -> Job:
        """The inverse of ``row``. Raises ValueError, TypeError, KeyError."""
        return cls(**{**row, "verb": Verb(row["verb"])})
