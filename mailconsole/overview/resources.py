"""The nodes page: what each node has left of queue, disk and memory, and what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from mailconsole.nodes.live.regions import Piece, piece
from mailconsole.nodes.live.resources import read_resources
from mailconsole.nodes.models import NodeEvent
from mailconsole.nodes.snapshots import Live
from transport.model.event import EventId
from transport.model.pressure import Level, ResourceState
from transport.rules.pressure import amount

TONES = {Level.LOW: "good", Level.MEDIUM: "warn", Level.HIGH: "bad"}
MAX_EVENTS = 100


@dataclass(frozen=True, slots=True)
class ResourceRow:
    """One resource of one node, with the last hour as shares of its limit for High."""

    node: str
    state: ResourceState
    values: list[float]

    @property
    def tone(self) -> str:
        return TONES[self.state.level]

    @property
    def value(self) -> str:
        return amount(self.state.resource, self.state.value)

    @property
    def medium(self) -> str:
        return _limit(self.state, self.state.medium)

    @property
    def high(self) -> str:
        return _limit(self.state, self.state.high)

    @property
    def percent(self) -> int:
        return round(100 * self.state.share)

    @property
    def since(self) -> datetime:
        return datetime.fromtimestamp(self.state.since, UTC)

    @property
    def key(self) -> str:
        return f"{self.node} {self.state.resource.name.lower()}"


def _limit(state: ResourceState, limit: float | None) -> str:
    return "no limit" if limit is None else amount(state.resource, limit)


def resource_rows(live: Live, now: datetime) -> list[Piece]:
    """Every resource of every node that reports."""
    rows = [
        ResourceRow(snapshot.node, state, past.get(state.resource.value, []))
        for snapshot in live.snapshots
        for past in [read_resources(snapshot.node, now=now.timestamp())]
        for state in snapshot.resources
    ]
    if not rows:
        return [piece("none", "overview/_no_resource.html", live=live)]
    return [piece(row.key, "overview/_resource.html", row=row) for row in rows]


@dataclass(frozen=True, slots=True)
class EventRow:
    """One event of a node in words."""

    stored: NodeEvent

    @property
    def kind(self) -> EventId | None:
        return next((one for one in EventId if one.value == self.stored.event), None)

    @property
    def meaning(self) -> str:
        return self.kind.sentence if self.kind is not None else self.stored.event

    @property
    def tone(self) -> str:
        level = self.stored.detail.get("level")
        return next((tone for one, tone in TONES.items() if one.value == level), "idle")

    @property
    def word(self) -> str:
        """What stands in the pill: a resource with its level, or what happened."""
        if self.kind is EventId.BACK_PRESSURE:
            return f"{self.stored.detail.get('resource', '')}: {self.stored.detail.get('level', '')}"
        if self.kind is EventId.OPEN_RELAY:
            return "Open relay"
        return self.stored.event.capitalize()


def recent_events() -> list[EventRow]:
    """The newest first."""
    return [EventRow(stored) for stored in NodeEvent.objects.select_related("node")[:MAX_EVENTS]]
