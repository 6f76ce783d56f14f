"""The whole product, as a user starts it: `./console up --detach` in a home and on ports of its own.

    def test_it(product): product.console("config", "apply", file, "--publish"); send(*product.smtp, ...)

For what only the real thing shows: processes, restarts, several people in a browser. A scenario that needs a node alone
is ten times faster with tests/support/transport.py.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.support.ports import free_port

ROOT = Path(__file__).resolve().parents[2]
START_TIMEOUT_S = 120


@dataclass
class Product:
    home: Path
    web: tuple[str, int]
    smtp: tuple[str, int]
    submission: tuple[str, int]
    settings: Mapping[str, str] = field(default_factory=dict)
    administrator: tuple[str, str] = ("", "")

    @property
    def url(self) -> str:
        return f"http://{self.web[0]}:{self.web[1]}"

    @property
    def environment(self) -> dict[str, str]:
        """The shell's, without what the test run set for itself, and with this product's settings."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("MAILCONSOLE_")}
        for name in ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"):
            inherited.pop(name, None)
        own = {
            "MAILCONSOLE_HOME": str(self.home),
            "MAILCONSOLE_WEB": "{}:{}".format(*self.web),
            "MAILCONSOLE_SMTP": "{}:{}".format(*self.smtp),
            "MAILCONSOLE_SUBMISSION": "{}:{}".format(*self.submission),
        }
        return {**inherited, **own, **self.settings}

    def console(self, *arguments: str | Path, timeout_s: float = START_TIMEOUT_S) -> subprocess.CompletedProcess[str]:
        """Run `./console ARGUMENTS` in this home; the caller judges the result."""
        return subprocess.run(
            [ROOT / "console", *arguments],
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout_s,
            check=False,
        )

    def up(self) -> str:
        """Start detached and return what was printed; keeps the first administrator's name and password."""
        done = self.console("up", "--detach")
        assert done.returncode == 0, f"./console up failed:\n{done.stdout}{done.stderr}\n{self.logs()}"
        found = re.search(r"Sign in as\s+(\S+)\s+Password\s+(\S+)", done.stdout)
        if found:
            self.administrator = found[1], found[2]
        return done.stdout

    def down(self) -> None:
        """Stop, and fail where a process is left."""
        done = self.console("down")
        left = self.pids()
        for pid in left.values():
            os.kill(pid, signal.SIGKILL)
        assert done.returncode == 0, f"./console down failed:\n{done.stdout}{done.stderr}"
        assert not left, f"./console down left {left}"

    def status(self) -> dict[str, Any]:
        done = self.console("status", "--json")
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def pid_of(self, part: str) -> int:
        """Of `web`, `control`, `beat`, `valkey`, `supervisor`, `transport-1`, ...; waits for one that is starting."""
        end = time.monotonic() + 20
        while True:
            pid = next(row["pid"] for row in self.status()["parts"] if row["name"] == part)
            if pid is not None:
                return int(pid)
            assert time.monotonic() < end, f"{part} is not started again"
            time.sleep(0.1)

    def kill(self, part: str) -> None:
        """`kill -9`."""
        os.kill(self.pid_of(part), signal.SIGKILL)

    def apply(self, document: str) -> None:
        """Publish a configuration document, and return when every node runs it."""
        file = self.home / "apply.yaml"
        file.write_text(document)
        done = self.console("config", "apply", file, "--publish")
        assert done.returncode == 0, f"./console config apply failed:\n{done.stdout}{done.stderr}"
        self.wait_for_revision()

    def wait_for_revision(self, *, timeout_s: float = 30.0) -> int:
        """The head's number, once every node runs it."""
        end = time.monotonic() + timeout_s
        while True:
            status = self.status()
            running = {node["revision"] for node in status["nodes"]}
            if running == {status["revision"]}:
                return int(status["revision"])
            assert time.monotonic() < end, f"after {timeout_s} s the nodes run {running}, not {status['revision']}"
            time.sleep(0.2)

    def pids(self) -> dict[str, int]:
        """Every living process of this home, by what it runs."""
        mark = f"MAILCONSOLE_HOME={self.home}".encode()
        found = {}
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                # Valkey writes its title over its environment, but works in its folder.
                is_ours = (entry / "cwd").readlink().is_relative_to(self.home)
                if is_ours or mark in (entry / "environ").read_bytes().split(b"\0"):
                    words = (entry / "cmdline").read_bytes().split(b"\0")
                    found[f"{entry.name} {b' '.join(words[:4]).decode(errors='replace')}"] = int(entry.name)
            except OSError:
                continue
        return found

    def logs(self) -> str:
        files = sorted((self.home / "log").glob("*.log"))
        return "\n".join(f"--- {file.name}\n{file.read_text(errors='replace')[-2000:]}" for file in files)


def new_product(home: Path, **settings: str) -> Product:
    """Not yet started; every port was free a moment ago."""
    web, smtp, submission = (("127.0.0.1", free_port()) for _ in range(3))
    return Product(home, web, smtp, submission, settings)


@pytest.fixture(scope="session")
def prepared_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tables and static files, on which a first start spends the most time: the same for every home, so made once."""
    made = new_product(tmp_path_factory.mktemp("prepared") / "home")
    for command in (("migrate",), ("collectstatic", "--no-input")):
        done = made.console(*command)
        assert done.returncode == 0, done.stdout + done.stderr
    return made.home


def started(prepared_home: Path, folder: Path, **settings: str) -> Product:
    """A running product with an empty configuration and its first administrator."""
    home = folder / "home"
    home.mkdir()
    for file in prepared_home.glob("console.sqlite3*"):
        shutil.copy(file, home)
    shutil.copytree(prepared_home / "static", home / "static")
    running = new_product(home, **settings)
    running.up()
    return running


@pytest.fixture(scope="module")
def product(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """For the tests of one module."""
    running = started(prepared_home, tmp_path_factory.mktemp("product"))
    yield running
    running.down()


@pytest.fixture(scope="session")
def shared_product(prepared_home: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Product]:
    """For tests of several modules that begin with a document of their own and leave no mail behind."""
    running = started(prepared_home, tmp_path_factory.mktemp("product"))
    yield running
    running.down()
