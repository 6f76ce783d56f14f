"""`./console test`: every test, in parts that run beside each other; those of the console again on PostgreSQL.

Arguments go to pytest; with arguments there is one plain run of it.
"""

import os
import signal
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.support import left_out, needs, postgres
from tests.support.part_run import PartRun, pytest_command, run_beside
from tests.support.parts import ALL, Part

INTERRUPTED = 130
SLOWEST = ("--durations=12", "--durations-min=5")
"""Each part says which tests took it longest: `.ci/run` must stay under 20 minutes."""


def main(arguments: list[str]) -> int:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MAILCONSOLE_S")}
    for name in ("REDIS_URL", "DATABASE_URL"):
        environment.pop(name, None)
    if arguments:
        command = pytest_command(arguments)
        os.execve(command[0], command, environment)
    for number in (
        signal.SIGINT,
        signal.SIGTERM,
    ):  # both end what runs; a shell's background job would ignore the first
        signal.signal(number, signal.default_int_handler)
    with tempfile.TemporaryDirectory(prefix="mailconsole-test-") as folder:
        return run_parts(ALL, environment, Path(folder))


def run_parts(parts: Sequence[Part], environment: Mapping[str, str], folder: Path) -> int:
    """The exit status: that of the first part that did not pass."""
    counted = folder / "left-out"
    environment = {**environment, left_out.VARIABLE: str(counted)}
    missing = [part for part in parts if part.is_on_postgresql and not postgres.is_installed()]
    runs = [
        PartRun(part.name, command(part), environment, folder / f"{number}.txt")
        for number, part in enumerate(parts)
        if part not in missing
    ]
    status = 0
    try:
        run_beside(runs)
    except KeyboardInterrupt:
        status = INTERRUPTED
    print("", *(run.summary for run in runs), sep="\n")
    for part in missing:
        print(f"left out {part.name}. To have it: {needs.NEEDS['postgresql'].how}")
    for line in needs.sentences(left_out.read(counted)):
        print(line)
    return status or next((run.status for run in runs if run.status), 0)


def command(part: Part) -> list[str]:
    run = pytest_command([*SLOWEST, *part.arguments])
    return [sys.executable, "-m", "tests.support.postgres", "--", *run] if part.is_on_postgresql else run


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
