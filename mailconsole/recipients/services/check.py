"""Testing a source, stored or not: each step with its time and what it means."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from directory.check import Step, check_source
from directory.settings import SourceSettings


@dataclass(frozen=True, slots=True)
class ControllerTest:
    """The steps of one controller; it is good when every step was."""

    server: str
    steps: tuple[Step, ...]

    @property
    def is_ok(self) -> bool:
        return all(step.is_ok for step in self.steps)


def run_test(*, settings: SourceSettings) -> tuple[ControllerTest, ...]:
    """Runs every step against every controller; waits at most their timeouts."""
    return tuple(
        ControllerTest(str(server), tuple(step for _, step in steps))
        for server, steps in itertools.groupby(check_source(settings), key=lambda pair: pair[0])
    )
