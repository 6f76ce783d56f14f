"""Parts of the tests as processes beside each other: a line of progress meanwhile, the output whole when each ends."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

AT_ONCE = 3 if (os.cpu_count() or 1) < 4 else 4
"""What tests the whole product waits half of its time; a fourth on two cores would make late what measures seconds."""

PROGRESS_EVERY_S = 30
END_TIMEOUT_S = 45
ANSI = re.compile(r"\x1b\[[0-9;]*m")


class PartRun:
    """One process in a group of its own: Ctrl-C is for us alone, who pass it on to pytest and not to its children."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], output: Path) -> None:
        self.name = name
        self._command = command
        self._environment = environment
        self._output = output
        self._process: subprocess.Popen[bytes] | None = None
        self._began = self._ended = 0.0

    def start(self) -> None:
        self._began = time.monotonic()
        with self._output.open("wb") as output:
            self._process = subprocess.Popen(
                self._command,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                process_group=0,
            )

    @property
    def status(self) -> int | None:
        """As the process ended; None while it runs or waits."""
        return self._process.poll() if self._process else None

    @property
    def progress(self) -> str:
        """How far it is, by pytest's dots and letters."""
        marks = "".join(re.findall(r"^[.FEsxX]+", self._plain(), re.MULTILINE))
        failed = marks.count("F") + marks.count("E")
        return f"{self.name}: {len(marks)} done{f', {failed} failed' if failed else ''}"

    @property
    def summary(self) -> str:
        """One line: how long it took and what came of it."""
        if self.status is None:
            return f"       -  {self.name}: not run"
        lines = [line for line in self._plain().splitlines() if re.search(r"\bin \d+\.\d+s\b", line)]
        said = lines[-1].strip("= ") if lines else f"ended with {self.status}"
        return f"{self._ended - self._began:6.0f} s  {self.name}: {said}"

    def show(self) -> None:
        self._ended = time.monotonic()
        print(f"\n-- {self.name}\n{self._read().rstrip()}", flush=True)

    def interrupt(self) -> None:
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)

    def end(self) -> None:
        """Let pytest tidy up after the interrupt; what does not end is killed, with what it started."""
        if self._process is None:
            return
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(END_TIMEOUT_S)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        self.show()

    def _plain(self) -> str:
        return ANSI.sub("", self._read())

    def _read(self) -> str:
        return self._output.read_text(errors="replace") if self._output.exists() else ""


def run_beside(runs: Sequence[PartRun], *, at_once: int = AT_ONCE) -> None:
    """Return when all have ended. Whatever interrupts this ends them."""
    waiting, running = list(runs), list[PartRun]()
    told_at = time.monotonic()
    try:
        while waiting or running:
            while waiting and len(running) < at_once:
                running.append(waiting.pop(0))
                running[-1].start()
            time.sleep(0.1)
            for run in [run for run in running if run.status is not None]:
                running.remove(run)
                run.show()
            if running and time.monotonic() - told_at >= PROGRESS_EVERY_S:
                told_at = time.monotonic()
                print(" | ".join(run.progress for run in running), flush=True)
    finally:
        for run in running:
            run.interrupt()
        for run in running:
            run.end()


def pytest_command(arguments: Sequence[str]) -> list[str]:
    color = ["--color=yes"] if sys.stdout.isatty() else []
    return [sys.executable, "-m", "pytest", *color, *arguments]
