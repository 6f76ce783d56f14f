"""What the supervisor says of itself on disk: read by `status` and `down`, and by the next `up` after a crash."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from mailconsole.runtime.locks import hold
from mailconsole.runtime.supervisor.process import is_alive


@dataclass(slots=True)
class Part:
    """One process: `state` is starting, running, restarting or stopped."""

    name: str
    pid: int = 0
    started: str = ""
    state: str = "starting"
    restarts: int = 0

    @property
    def is_alive(self) -> bool:
        return bool(self.pid) and is_alive(self.pid, self.started)


@dataclass(slots=True)
class State:
    """`phase` is starting, running or stopping. The file is private: `redis_url` holds a password."""

    supervisor: Part
    phase: str = "starting"
    web: str = ""
    smtp: str = ""
    submission: str = ""
    redis_url: str = ""
    parts: list[Part] = field(default_factory=list)


def run_folder(home: Path) -> Path:
    """Where supervisor, Valkey and beat keep their files."""
    folder = home / "run"
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder


def write_state(home: Path, state: State) -> None:
    """Swap the file whole."""
    path = run_folder(home) / "state.json"
    draft = path.with_suffix(".new")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(asdict(state), file)
    draft.rename(path)


def read_state(home: Path) -> State | None:
    """What the last supervisor wrote, or None."""
    try:
        row = json.loads((home / "run" / "state.json").read_text())
        parts = [Part(**part) for part in row.pop("parts")]
        return State(supervisor=Part(**row.pop("supervisor")), parts=parts, **row)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def lock(home: Path) -> IO[str] | None:
    """The lock of the one supervisor of a home, held while the file is open; None when another has it."""
    return hold(run_folder(home) / "lock")
