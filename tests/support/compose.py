"""docker-compose.yml without a container engine: its services as values, their commands as processes."""

import os
import re
import shlex
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FILE = ROOT / "docker-compose.yml"
VARIABLE = re.compile(r"\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<word>[^}]*))?\}")
# What our image's PATH holds: its virtual environment and the system's commands.
PATH = f"{Path(sys.executable).parent}:/usr/local/bin:/usr/bin:/bin"


@dataclass(frozen=True)
class Service:
    name: str
    command: tuple[str, ...]
    healthcheck: tuple[str, ...]
    environment: Mapping[str, str]
    document: Mapping[str, Any]

    @property
    def is_ours(self) -> bool:
        return "build" in self.document

    def start(self, *, environment: Mapping[str, str], here: Mapping[str, str], log: Path) -> "Process":
        """Run the command on this host: `environment` above the service's own, `here` for a container's addresses."""
        home = {"HOME": os.environ.get("HOME", "/"), "LANG": "C.UTF-8", "PATH": PATH}
        return Process(
            command=[replaced(word, here) for word in self.command],
            healthcheck=[replaced(word, here) for word in self.healthcheck],
            environment={**self.environment, **environment, **home},
            log=log,
        )


class Process:
    """A service's command that runs here, with the service's healthcheck."""

    def __init__(self, *, command: list[str], healthcheck: list[str], environment: dict[str, str], log: Path) -> None:
        self._command, self._healthcheck, self._environment, self._log = command, healthcheck, environment, log
        with log.open("wb") as output:
            self._process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=output, stderr=output)

    def wait(self, timeout_s: float) -> int:
        return self._process.wait(timeout=timeout_s)

    def stop(self, timeout_s: float) -> int:
        """TERM, as a container engine does. Raises TimeoutExpired where that is not enough, and kills."""
        self._process.terminate()
        try:
            return self._process.wait(timeout=timeout_s)
        finally:
            self._process.kill()

    def wait_until_healthy(self, timeout_s: float) -> None:
        """Until the healthcheck says so; without one, that it lives is all one can know."""
        end = time.monotonic() + timeout_s
        while True:
            assert self._process.poll() is None, f"{self._command} ended:\n{self.output()}"
            if not self._healthcheck:
                return
            done = subprocess.run(
                self._healthcheck, cwd=ROOT, env=self._environment, capture_output=True, timeout=60, check=False
            )
            if done.returncode == 0:
                return
            words = (done.stdout + done.stderr).decode(errors="replace")
            assert time.monotonic() < end, f"{self._healthcheck} says:\n{words}\nits service:\n{self.output()}"
            time.sleep(0.3)

    def output(self) -> str:
        return self._log.read_text(errors="replace")[-6000:]


def replaced(word: str, here: Mapping[str, str]) -> str:
    for container, outside in here.items():
        word = word.replace(container, outside)
    return word


def services(variables: Mapping[str, str]) -> dict[str, Service]:
    """The services with `variables` as `.env` says them. Raises KeyError with the name of a required one."""
    document = yaml.safe_load(interpolated(FILE.read_text(), variables))
    return {name: _service(name, described) for name, described in document["services"].items()}


def interpolated(text: str, variables: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        name, kind = found["name"], found["kind"]
        if variables.get(name):
            return variables[name]
        if kind == "-":
            return found["word"]
        raise KeyError(name)

    return VARIABLE.sub(value, text)


def _words(command: str | list[str]) -> tuple[str, ...]:
    """A command as the engine runs it: a string is split as a shell would, without a shell (compose-spec, command)."""
    return tuple(shlex.split(command) if isinstance(command, str) else command)


def _service(name: str, described: Mapping[str, Any]) -> Service:
    healthcheck = described.get("healthcheck", {}).get("test", ["NONE"])
    return Service(
        name=name,
        command=_words(described.get("command", ())),
        healthcheck=tuple(healthcheck[1:]) if healthcheck[0] == "CMD" else (),
        environment={key: str(value) for key, value in described.get("environment", {}).items()},
        document=described,
    )
