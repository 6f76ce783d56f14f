"""What the engine does by the clock: watches its resources, ends holds, saves counts, asks the directory again."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from transport.model.next_hop import SUBMISSION
from transport.service.obedience import Obedience
from transport.service.parts import Parts
from transport.service.requeuing import route_again
from transport.service.usage_file import UsageFile

INTERVAL_S = 1.0
CERTIFICATES_S = 30.0
"""How soon a renewed certificate is shown."""
SAVE_USAGE_S = 30.0
LOOK_AT_QUEUES_S = 30.0
"""How often it is seen which queues move."""
log = structlog.get_logger(__name__)


@dataclass(slots=True)
class Duty:
    """Something to be done at every ``interval_s``; the first time after that. ``is_failing`` is said once."""

    name: str
    interval_s: Callable[[], float]
    do: Callable[[], Awaitable[None]]
    done_at: float
    is_failing: bool = False


class Upkeep:
    """``run`` goes on until it is cancelled, whatever becomes of one duty."""

    def __init__(self, parts: Parts, obedience: Obedience, usage_file: UsageFile) -> None:
        self._parts = parts
        self._obedience = obedience
        self._usage_file = usage_file

    async def run(self) -> None:
        duties = self._duties(self._parts.clock())
        while True:
            await asyncio.sleep(INTERVAL_S)
            for duty in duties:
                await self._see_to(duty)

    def _duties(self, now: float) -> list[Duty]:
        return [
            Duty("resources", lambda: 0.0, self.look_at_resources, now),
            Duty("certificates", lambda: CERTIFICATES_S, self._refresh_certificates, now),
            Duty("relay usage", lambda: SAVE_USAGE_S, self._save_usage, now),
            Duty("idle queues", lambda: LOOK_AT_QUEUES_S, self._look_at_queues, now),
            Duty("holds", lambda: 0.0, self._obedience.end_holds, now),
            Duty("shadow copies", lambda: 0.0, self._look_at_shadow, now),
            Duty("directory", self._ask_again_s, self._resolve_again, now),
        ]

    async def _see_to(self, duty: Duty) -> None:
        now = self._parts.clock()
        try:
            if 0 <= now - duty.done_at < duty.interval_s():  # or the clock was set back
                return
            duty.done_at = now
            await duty.do()
            duty.is_failing = False
        except Exception:  # nobody but a restart would begin the others again
            if not duty.is_failing:
                log.exception("service.upkeep_failed", duty=duty.name)
            duty.is_failing = True

    async def _refresh_certificates(self) -> None:
        if self._parts.certificates is not None:
            self._parts.certificates.refresh()

    async def _save_usage(self) -> None:
        if self._parts.listener is not None:
            await self._usage_file.save(self._parts.listener.usage)

    async def _look_at_queues(self) -> None:
        self._parts.idle.look()

    async def _look_at_shadow(self) -> None:
        self._parts.shadow.look()

    def _ask_again_s(self) -> float:
        return self._parts.ruleset.organization.resolver_retry_interval

    async def _resolve_again(self) -> None:
        await route_again(self._parts, self._parts.queues.take(SUBMISSION))

    async def look_at_resources(self) -> None:
        """Say on the intake whether mail can be taken now, and from whom."""
        pressure, intake, spool = self._parts.pressure, self._parts.intake, self._parts.spool
        await pressure.look()
        intake.why_not_accepting = pressure.why_not_accepting or spool.problem
        if spool.problem:
            spool.probe()
        intake.why_not_from_outside = pressure.why_not_from_outside
