"""Looks at the resources once a second, off the loop; says whom new mail is refused to, and tells each change."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

import structlog

from transport.config.objects.pressure import BackPressure
from transport.model.event import EventId, TrackingEvent
from transport.model.pressure import Level, Resource, ResourceState
from transport.ports.spool import SpoolUnavailable
from transport.pressure.readings import measure, memory_total_bytes
from transport.rules import pressure

log = structlog.get_logger(__name__)


class PressureMonitor:
    """``folder`` lies on the spool's disk; ``queue_length`` counts messages; ``record`` takes an event for each change
    of a level. ``settings`` is replaced with each configuration. All methods run on the engine's loop."""

    def __init__(
        self,
        *,
        folder: Path,
        settings: BackPressure,
        queue_length: Callable[[], int],
        record: Callable[[Sequence[TrackingEvent]], None],
        clock: Callable[[], float],
    ) -> None:
        self.settings = settings
        self._folder = folder
        self._queue_length = queue_length
        self._record = record
        self._clock = clock
        self._memory_total = memory_total_bytes()
        self._states: dict[Resource, ResourceState] = {}

    @property
    def states(self) -> tuple[ResourceState, ...]:
        """Every resource as it was last seen."""
        return tuple(self._states.values())

    @property
    def why_not_accepting(self) -> str:
        """Why no new mail is taken; empty while some is."""
        return pressure.reason(self._states.values(), Level.HIGH)

    @property
    def why_not_from_outside(self) -> str:
        """Why mail from outside waits; empty while it is taken."""
        return pressure.reason(self._states.values(), Level.MEDIUM)

    async def look(self) -> None:
        """Measure and judge."""
        count, total = self._queue_length(), self._memory_total
        readings = await asyncio.get_running_loop().run_in_executor(
            None, lambda: measure(self._folder, queue_length=count, memory_total_bytes=total)
        )
        now = self._clock()
        for state in pressure.judge(self.settings, readings, self._states, now=now):
            before = self._states.get(state.resource)
            self._states[state.resource] = state
            was = before.level if before is not None else Level.LOW
            if state.level is not was:
                self._tell(state, was, now)

    def _tell(self, state: ResourceState, was: Level, now: float) -> None:
        log.warning("pressure.changed", resource=state.resource.value, level=state.level.value, was=was.value)
        detail = {"resource": state.resource.value, "level": state.level.value, "was": was.value, "value": state.value}
        with contextlib.suppress(SpoolUnavailable):  # a full disk takes no event either; the log has it
            self._record([TrackingEvent(EventId.BACK_PRESSURE, now, reason=state.sentence, detail=detail)])
