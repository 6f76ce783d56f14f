"""What the engine does by the clock: watches its resources, ends holds, saves counts, asks the directory again."""

from __future__ import annotations

import asyncio

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


class Upkeep:
    """``run`` goes on until it is cancelled."""

    def __init__(self, parts: Parts, obedience: Obedience, usage_file: UsageFile) -> None:
        self._parts = parts
        self._obedience = obedience
        self._usage_file = usage_file

    async def run(self) -> None:
        clock = self._parts.clock
        asked_at = saved_at = looked_at = seen_at = clock()
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.look_at_resources()
            if clock() - looked_at >= CERTIFICATES_S and self._parts.certificates is not None:
                looked_at = clock()
                self._parts.certificates.refresh()
            if clock() - saved_at >= SAVE_USAGE_S and self._parts.listener is not None:
                saved_at = clock()
                await self._usage_file.save(self._parts.listener.usage)
            if clock() - seen_at >= LOOK_AT_QUEUES_S:
                seen_at = clock()
                self._parts.idle.look()
            await self._obedience.end_holds()
            self._parts.shadow.look()
            if clock() - asked_at >= self._parts.ruleset.organization.resolver_retry_interval:
                asked_at = clock()
                await route_again(self._parts, self._parts.queues.take(SUBMISSION))

    async def look_at_resources(self) -> None:
        """Say on the intake whether mail can be taken now, and from whom."""
        pressure, intake, spool = self._parts.pressure, self._parts.intake, self._parts.spool
        await pressure.look()
        intake.why_not_accepting = pressure.why_not_accepting or spool.problem
        if spool.problem:
            spool.probe()
        intake.why_not_from_outside = pressure.why_not_from_outside
