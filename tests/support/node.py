"""A node alone in a process of its own, to be killed: the real TransportService without the console around it.

with NodeProcess(tmp_path / "a", document(sink), node="a") as node: send(*node.smtp, ...); node.kill(); node.start()
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support.ports import free_port
from transport.config.document import MailFlow
from transport.ports.node import Peer

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class NodeProcess:
    """``smtp`` is where it listens. ``host`` names the machine it pretends to be on. Ports stay over restarts."""

    home: Path
    document: MailFlow
    node: str = "transport-1"
    host: str = "here"
    peers: list[Peer] = field(default_factory=list)
    key: str = "a key that all nodes share"
    smtp: tuple[str, int] = ("127.0.0.1", 0)
    shadow_port: int = 0
    _process: subprocess.Popen | None = None

    def __post_init__(self) -> None:
        self.smtp = ("127.0.0.1", free_port())
        self.shadow_port = free_port()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.is_running:
            self.stop()

    @property
    def peer(self) -> Peer:
        """How others know it."""
        return Peer(self.node, self.host, f"127.0.0.1:{self.shadow_port}")

    @property
    def is_running(self) -> bool:
        return self._process is not None and self._process.poll() is None

    @property
    def most_memory_mb(self) -> int:
        """What it ever held at once."""
        status = Path(f"/proc/{self._process.pid}/status").read_text()
        return int(status.split("VmHWM:")[1].split()[0]) // 1024

    @property
    def folder(self) -> Path:
        return self.home / "nodes" / self.node

    def start(self) -> None:
        """Return when it listens."""
        self.home.mkdir(parents=True, exist_ok=True)
        said = {
            "node": self.node,
            "home": str(self.home),
            "port": self.smtp[1],
            "shadow_port": self.shadow_port,
            "host": self.host,
            "key": self.key,
            "peers": [asdict(one) for one in self.peers],
            "document": self.document.model_dump(mode="json"),
        }
        with (self.home / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.node_main", json.dumps(said)],
                cwd=ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=log,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
        self._read()

    def kill(self, *, lose_disk: bool = False) -> None:
        """`kill -9`; with ``lose_disk`` nothing of its home is left."""
        self._process.send_signal(signal.SIGKILL)
        self._process.wait()
        if lose_disk:
            shutil.rmtree(self.home)

    def stop(self) -> None:
        """Drain."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise

    def ask(self, **said: Any) -> Any:
        self._process.stdin.write(json.dumps(said).encode() + b"\n")
        self._process.stdin.flush()
        return self._read()

    def snapshot(self) -> dict[str, Any]:
        return self.ask(snapshot=True)

    def events(self, *kinds: str) -> list[dict[str, Any]]:
        """What the outbox holds of these event ids."""
        return self.ask(events=kinds)

    def know(self, *others: "NodeProcess") -> None:
        """These are its peers; for a running one at once."""
        self.peers = [one.peer for one in others]
        if self.is_running:
            self.ask(peers=[asdict(one) for one in self.peers])

    def log(self) -> str:
        return (self.home / "log").read_text(errors="replace")

    def _read(self) -> Any:
        while True:
            line = self._process.stdout.readline()
            assert line, f"the node ended:\n{self.log()[-4000:]}"
            if line.startswith((b"{", b"[")):
                said = json.loads(line)
                if not (isinstance(said, dict) and "event" in said and "level" in said):  # a line of the log
                    return said
