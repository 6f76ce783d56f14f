"""Child processes: started in sessions of their own, known by pid and start time, ended by that alone."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

PR_SET_PDEATHSIG = 1
MAX_LOG_BYTES = 10 * 1024 * 1024


def spawn(command: Sequence[str], *, log: Path, environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a child whose output goes to `log`. A child whose supervisor is killed is told to end (Linux)."""
    rotate(log)
    libc = ctypes.CDLL(None) if sys.platform == "linux" else None

    def end_with_parent() -> None:
        if libc is not None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

    with log.open("ab") as output:
        return subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=dict(environment),
            start_new_session=True,  # else Ctrl-C at the terminal would end Valkey before those that need it
            preexec_fn=end_with_parent,
        )


def rotate(log: Path) -> None:
    """Keep one earlier log once it has grown large."""
    with contextlib.suppress(OSError):
        if log.stat().st_size > MAX_LOG_BYTES:
            log.replace(log.with_suffix(".log.1"))


def started_at(pid: int) -> str:
    """What tells this process from a later one with the same pid; empty when there is none."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return _started_by_ps(pid) if sys.platform != "linux" else ""
    except OSError:
        return ""
    fields = stat.rpartition(")")[2].split()
    return "" if fields[0] == "Z" else fields[19]


def _started_by_ps(pid: int) -> str:
    done = subprocess.run(["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def is_alive(pid: int, start: str) -> bool:
    """Whether that very process runs."""
    return bool(start) and started_at(pid) == start


def end(pid: int, start: str, *, wait_s: float) -> bool:
    """TERM, wait, KILL. Returns whether it ended by itself."""
    if not is_alive(pid, start):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGTERM)
    if wait_until_gone(pid, start, wait_s):
        return True
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(pid, start, 5)
    return False


def wait_until_gone(pid: int, start: str, wait_s: float) -> bool:
    """Whether the process is gone within `wait_s`; a child of ours is reaped."""
    until = time.monotonic() + wait_s
    while True:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, os.WNOHANG)
        if not is_alive(pid, start):
            return True
        if time.monotonic() >= until:
            return False
        time.sleep(0.05)
