"""Our own benchmark: the whole product between Postfix's smtp-source and smtp-sink, on loopback.

    .venv/bin/python bench/run.py [--sessions 20] [--messages 5000] [--size 4096] [--rounds 3]

Prints messages a second accepted (every one got its 250) and delivered (the sink has every one), and the CPU seconds
per 1000 messages of every process of the product. A comparison with Postfix needs the side-by-side harness, for which
`bench/relay` is a relay; this program measures the product alone and says so.
"""

import argparse
import os
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

RELAY = Path(__file__).resolve().parent / "relay"
PATH = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin"
TICKS_PER_S = os.sysconf("SC_CLK_TCK")
DELIVERY_LIMIT_S = 300


class CannotMeasure(Exception):
    """Something the benchmark needs is missing or did not answer."""


@dataclass(frozen=True)
class Case:
    sessions: int
    messages: int
    size: int
    rcpts: int


@dataclass(frozen=True)
class Result:
    accepted_per_s: float
    delivered_per_s: float
    cpu_s_per_1000: float


class Sink:
    """smtp-sink, and how many messages it has acknowledged."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._counters = folder / "sink"
        user = ["-u", "nobody"] if os.geteuid() == 0 else []
        command = [program("smtp-sink"), *user, "-c", f"127.0.0.1:{self.port}", "1024"]
        with self._counters.open("wb") as output:
            self._process = subprocess.Popen(command, stdout=output, stderr=subprocess.STDOUT)
        wait_for_port(self.port, 10)

    def messages(self) -> int:
        with self._counters.open("rb") as counters:
            counters.seek(max(0, self._counters.stat().st_size - 200))
            found = re.findall(rb"mesg=(\d+)", counters.read())
        return int(found[-1]) if found else 0

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait()


class Product:
    """This product, started and stopped as the harness does, in a home of its own."""

    def __init__(self, folder: Path, sink_port: int) -> None:
        self.port = free_port()
        self._environment = {
            **os.environ,
            "STATE_DIR": str(folder),
            "RELAY_PORT": str(self.port),
            "SINK_PORT": str(sink_port),
        }
        self._mark = f"MAILCONSOLE_HOME={folder}/home".encode()

    def start(self) -> None:
        done = subprocess.run([RELAY / "start"], env=self._environment, check=False)
        if done.returncode:
            raise CannotMeasure("the product did not start; its own words are above")
        wait_for_port(self.port, 60)

    def stop(self) -> None:
        subprocess.run([RELAY / "stop"], env=self._environment, check=False)

    def cpu_s(self) -> float:
        """Of all living processes of this home, and of their children that ended."""
        return sum(ticks_of(pid) for pid in self._pids()) / TICKS_PER_S

    def settle(self) -> None:
        """Wait until the bookkeeping after the last delivery is done, so that it is paid for."""
        last = self.cpu_s()
        for _ in range(20):
            time.sleep(0.3)
            now = self.cpu_s()
            if now - last < 0.02:
                return
            last = now

    def _pids(self) -> Iterator[int]:
        for entry in Path("/proc").iterdir():
            try:
                if entry.name.isdigit() and self._mark in (entry / "environ").read_bytes().split(b"\0"):
                    yield int(entry.name)
            except OSError:
                continue


def ticks_of(pid: int) -> int:
    """utime + stime + cutime + cstime of /proc/PID/stat."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15]))


def program(name: str) -> str:
    found = shutil.which(name, path=PATH)
    if found is None:
        raise CannotMeasure(f"{name} is not installed: apt-get install postfix")
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def wait_for_port(port: int, seconds: float) -> None:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise CannotMeasure(f"nothing answers on 127.0.0.1:{port} after {seconds:.0f} s")


def measure(case: Case, product: Product, sink: Sink) -> Result:
    """One run of smtp-source through the product."""
    before, cpu_before = sink.messages(), product.cpu_s()
    began = time.monotonic()
    rcpts = ["-r", str(case.rcpts)] if case.rcpts > 1 else []
    load = ["-s", str(case.sessions), "-m", str(case.messages), "-l", str(case.size), *rcpts, "-d"]
    envelope = ["-f", "bench@source.example", "-t", "user@sink.example"]
    done = subprocess.run([program("smtp-source"), *load, *envelope, f"127.0.0.1:{product.port}"], check=False)
    accepted_s = time.monotonic() - began
    if done.returncode:
        raise CannotMeasure("smtp-source was refused; its own words are above")
    while sink.messages() - before < case.messages:
        if time.monotonic() - began > DELIVERY_LIMIT_S:
            missing = case.messages - (sink.messages() - before)
            raise CannotMeasure(f"{missing} of {case.messages} messages did not arrive in {DELIVERY_LIMIT_S} s")
        time.sleep(0.005)
    delivered_s = time.monotonic() - began
    product.settle()
    cpu_s = product.cpu_s() - cpu_before
    return Result(case.messages / accepted_s, case.messages / delivered_s, cpu_s * 1000 / case.messages)


@contextmanager
def running(folder: Path) -> Iterator[tuple[Product, Sink]]:
    sink = Sink(folder)
    product = Product(folder, sink.port)
    try:
        product.start()
        yield product, sink
    finally:
        product.stop()
        sink.stop()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description="Measure this product between smtp-source and smtp-sink.")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--messages", type=int, default=5000)
    parser.add_argument("--size", type=int, default=4096, help="octets of one message")
    parser.add_argument("--rcpts", type=int, default=1, help="recipients of one message")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dir", help="folder for all state; on a real disk, or fsync costs nothing (default /var/tmp)")
    return parser.parse_args()


def main() -> int:
    given = arguments()
    case = Case(given.sessions, given.messages, given.size, given.rcpts)
    folder = Path(tempfile.mkdtemp(prefix="mailconsole-bench-", dir=given.dir or "/var/tmp"))
    folder.chmod(0o755)
    results: list[Result] = []
    try:
        with running(folder) as (product, sink):
            measure(Case(case.sessions, max(case.sessions, case.messages // 10), case.size, case.rcpts), product, sink)
            for number in range(1, given.rounds + 1):
                results.append(measure(case, product, sink))
                print_result(f"round {number}", results[-1])
    except CannotMeasure as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_result("median", Result(*(statistics.median(column) for column in zip(*map(as_row, results), strict=True))))
    if not Path(os.environ.get("BENCH_ROOT", "/var/tmp/mailbench"), "root-postfix").is_dir():
        print("Postfix was not measured beside it: that needs the side-by-side harness (see bench/README.md).")
    return 0


def as_row(result: Result) -> tuple[float, float, float]:
    return result.accepted_per_s, result.delivered_per_s, result.cpu_s_per_1000


def print_result(label: str, result: Result) -> None:
    print(
        f"{label:<8} accepted {result.accepted_per_s:7.0f}/s   delivered {result.delivered_per_s:7.0f}/s"
        f"   CPU {result.cpu_s_per_1000:6.3f} s per 1000",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
