"""Testing a source, stored or not: each step with its time and what it means."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from directory.check import Step, check_source
from directory.discovery import controllers
from directory.errors import DirectoryError
from directory.settings import SourceSettings
from mailconsole.recipients.refusals import SourceRefused
from mailconsole.recipients.services.asking import note_asking, note_found


@dataclass(frozen=True, slots=True)
class ControllerTest:
    """The steps of one controller; it is good when every step was."""

    server: str
    steps: tuple[Step, ...]

    @property
    def is_ok(self) -> bool:
        return all(step.is_ok for step in self.steps)


def run_test(
    *, settings: SourceSettings, name: str, actor: Any, now: datetime, request: HttpRequest | None = None
) -> tuple[ControllerTest, ...]:
    """Runs every step against every controller; waits at most their timeouts. The audit has it before any of them is
    asked. Raises SourceRefused, also where DNS names no controller, and TooManyTests."""
    what = f"Tested the directory {name}"
    named, domain = settings.servers, settings.domain
    note_asking(servers=named, domain=domain, verb="test", what=what, actor=actor, now=now, request=request)
    try:
        servers = controllers.of(settings)
    except DirectoryError as error:
        raise SourceRefused(str(error), field="domain") from error
    if domain:
        note_found(servers=servers, verb="test", what=what, actor=actor, now=now, request=request)
    return tuple(
        ControllerTest(str(server), tuple(step for _, step in steps))
        for server, steps in itertools.groupby(check_source(settings, servers), key=lambda pair: pair[0])
    )
