"""TLS on both sides of a relay: STARTTLS from the load, STARTTLS to the next hop; this product and Postfix in turn.

    .venv/bin/python bench/tls.py [--sessions 20] [--messages 4000] [--size 4096] [--rounds 3] [--connect-each]

Needs root (Postfix, and a cgroup for each relay: what it used is read there) and `apt-get install postfix`. Load and
next hop are asyncio programs that share the cores with the relay: `direct` says what they reach with no relay between.
"""

import argparse
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from multiprocessing.sharedctypes import Synchronized
from pathlib import Path

from run import RELAY, CannotMeasure, free_port, program, wait_for_port
from tls_load import Load, run_load, run_sink

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from tests.support.certificates import Authority

DELIVERY_LIMIT_S = 120
POSTFIX = """compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
multi_instance_name = postfix-bench-tls
syslog_name = postfix-bench-tls
maillog_file = /var/log/postfix-bench-tls.log
myhostname = relay.test
mydestination =
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
relayhost = [127.0.0.1]:{sink_port}
smtpd_relay_restrictions = permit_mynetworks, reject
message_size_limit = 52428800
alias_maps =
alias_database =
local_recipient_maps =
smtpd_tls_security_level = may
smtpd_tls_chain_files = {chain}
smtp_tls_security_level = encrypt
smtpd_tls_session_cache_database = btree:{home}/data/smtpd_scache
smtp_tls_session_cache_database = btree:{home}/data/smtp_scache
default_process_limit = 200
in_flow_delay = 0
default_destination_concurrency_limit = 20
initial_destination_concurrency = 20
smtp_connection_cache_destinations = [127.0.0.1]:{sink_port}
smtp_tls_connection_reuse = yes
smtp_connection_reuse_count_limit = 0
smtp_dns_support_level = disabled
smtp_host_lookup = native
smtpd_peername_lookup = no
smtpd_client_connection_count_limit = 0
smtpd_client_connection_rate_limit = 0
max_use = 10000
"""
"""As the harness's tuned Postfix, with TLS, its session caches, and connections that are reused with TLS."""


@dataclass(frozen=True)
class Result:
    delivered_per_s: float
    cpu_s_per_1000: float


def cgroups() -> Path:
    """Where version 2 of control groups is mounted."""
    for line in Path("/proc/mounts").read_text().splitlines():
        _, where, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(where)
    raise CannotMeasure("no cgroup2 is mounted: what a relay uses cannot be read")


class Relay:
    """A relay between the load and the next hop. `start` and `stop` are commands, run in the relay's cgroup."""

    def __init__(self, name: str, home: Path, start: list[str], stop: list[str], environment: dict[str, str]) -> None:
        self.name = name
        self.port = int(environment["RELAY_PORT"])
        self._group = cgroups() / f"mailconsole-bench-{os.getpid()}-{name}"
        self._start, self._stop = start, stop
        self._environment = {**os.environ, **environment}
        self._log = home / "bench.log"

    def start(self) -> None:
        self._group.mkdir()
        self._run(self._start)
        wait_for_port(self.port, 60)

    def stop(self) -> None:
        with suppress(CannotMeasure):
            self._run(self._stop)
        end = time.monotonic() + 20
        while (self._group / "cgroup.procs").read_text() and time.monotonic() < end:
            time.sleep(0.2)
        with suppress(OSError):
            self._group.rmdir()

    def cpu_s(self) -> float:
        """User and system time of everything that was started, what ended included."""
        usage = (self._group / "cpu.stat").read_text().split()
        return int(usage[usage.index("usage_usec") + 1]) / 1e6

    def _run(self, arguments: list[str]) -> None:
        script = f'echo $$ >"{self._group}/cgroup.procs" && exec "$@"'
        with self._log.open("ab") as log:
            done = subprocess.run(
                ["bash", "-c", script, "bash", *arguments], env=self._environment, stdout=log, stderr=log, check=False
            )
        if done.returncode:
            raise CannotMeasure(f"{self.name}: {arguments[0]} failed:\n{self._log.read_text()[-2000:]}")


def product(folder: Path, sink_port: int) -> Relay:
    home = folder / "product"
    home.mkdir()
    environment = {"STATE_DIR": str(home), "RELAY_PORT": str(free_port()), "SINK_PORT": str(sink_port)}
    return Relay("product", home, [str(RELAY / "start")], [str(RELAY / "stop")], environment)


def postfix(folder: Path, sink_port: int, chain: Path) -> Relay:
    home = folder / "postfix"
    port = free_port()
    for part in ("etc", "queue", "data"):
        (home / part).mkdir(parents=True)
    (home / "etc" / "main.cf").write_text(POSTFIX.format(home=home, sink_port=sink_port, chain=chain))
    services = ["tlsproxy unix - - n - 0 tlsproxy"]
    for line in Path("/usr/share/postfix/master.cf.dist").read_text().splitlines():
        fields = line.split()
        if len(fields) < 8 or not line[0].isalpha():
            continue
        fields[4] = "n"  # nothing in a chroot
        services.append(" ".join([f"127.0.0.1:{port}", *fields[1:]] if fields[:2] == ["smtp", "inet"] else fields))
    (home / "etc" / "master.cf").write_text("\n".join(services) + "\n")
    shutil.chown(home / "data", "postfix")
    command = [program("postfix"), "-c", str(home / "etc")]
    return Relay("postfix", home, [*command, "start"], [*command, "stop"], {"RELAY_PORT": str(port)})


def measure(load: Load, port: int, count: "Synchronized[int]", cpu_s: Callable[[], float]) -> Result:
    before, cpu_before, began = count.value, cpu_s(), time.monotonic()
    sender = multiprocessing.Process(target=run_load, args=(port, load))
    sender.start()
    while count.value - before < load.messages:
        if time.monotonic() - began > DELIVERY_LIMIT_S or sender.exitcode:
            missing = load.messages - (count.value - before)
            raise CannotMeasure(f"{missing} of {load.messages} messages did not arrive")
        time.sleep(0.005)
    delivered_s = time.monotonic() - began
    sender.join()
    last = -1.0
    while cpu_s() - last > 0.02:  # what is done after the last delivery is paid for as well
        last = cpu_s()
        time.sleep(0.5)
    return Result(load.messages / delivered_s, (cpu_s() - cpu_before) * 1000 / load.messages)


def compare(load: Load, rounds: int, folder: Path) -> None:
    certificate = Authority(folder).issue("relay.test")
    chain = folder / "key-and-chain.pem"
    chain.write_text(certificate.key.read_text() + certificate.chain.read_text())
    count: Synchronized[int] = multiprocessing.Value("i", 0)
    sink_port = free_port()
    with ExitStack() as running:
        sink = multiprocessing.Process(target=run_sink, args=(sink_port, str(chain), count), daemon=True)
        sink.start()
        running.callback(sink.kill)
        wait_for_port(sink_port, 10)
        relays = [postfix(folder, sink_port, chain), product(folder, sink_port)]
        for relay in relays:
            running.callback(relay.stop)
            relay.start()
            measure(
                Load(load.sessions, load.messages // 10, load.size, load.connects_each), relay.port, count, relay.cpu_s
            )
        show("direct", measure(load, sink_port, count, lambda: 0.0))
        found: dict[str, list[Result]] = {relay.name: [] for relay in relays}
        for _ in range(rounds):
            for relay in relays:
                found[relay.name].append(measure(load, relay.port, count, relay.cpu_s))
                show(relay.name, found[relay.name][-1])
    pairs = list(zip(found["product"], found["postfix"], strict=True))
    delivered = statistics.median(ours.delivered_per_s / theirs.delivered_per_s for ours, theirs in pairs)
    cpu = statistics.median(theirs.cpu_s_per_1000 / ours.cpu_s_per_1000 for ours, theirs in pairs)
    print(f"ratio    delivered {delivered:.1f}x   CPU 1/{cpu:.1f}")


def show(name: str, result: Result) -> None:
    print(
        f"{name:<8} delivered {result.delivered_per_s:7.0f}/s   CPU {result.cpu_s_per_1000:6.3f} s per 1000", flush=True
    )


def main() -> int:
    parser = argparse.ArgumentParser(description="TLS on both sides: this product beside Postfix.")
    parser.add_argument("--sessions", type=int, default=20)
    parser.add_argument("--messages", type=int, default=4000)
    parser.add_argument("--size", type=int, default=4096, help="octets of one message")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument(
        "--connect-each", action="store_true", help="a new connection, with its handshake, for each message"
    )
    parser.add_argument("--dir", default="/var/tmp", help="folder for all state, on a real disk")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that the relays are stopped then, too
    folder = Path(tempfile.mkdtemp(prefix="mailconsole-bench-", dir=given.dir))
    folder.chmod(0o755)
    try:
        compare(Load(given.sessions, given.messages, given.size, given.connect_each), given.rounds, folder)
    except CannotMeasure as reason:
        print(f"bench: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        Path("/var/log/postfix-bench-tls.log").unlink(missing_ok=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
