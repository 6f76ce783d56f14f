"""What a swap of the look-up file costs mail that is being accepted: smtp-source into the running product, without and
with swaps, while probes take the time of whole transactions.

    .venv/bin/python bench/swap.py --users 20000 [--seconds 20] [--every 2] [--sessions 4]

Each recipient is looked up: its domain is authoritative. The controller is `fake_controller.py`; each swap is a sync of
100 changes in this process, as a worker of the product does it. The third phase has syncs with nothing to tell, so that
the work of reading is known apart from the swap. What it found stands in `docs/performance-directory.md`.
"""

import argparse
import json
import os
import random
import shutil
import smtplib
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "bench")]

from run import RELAY, CannotMeasure, Product, Sink, program  # noqa: E402
from users import controller  # noqa: E402

PROBES = 2
SEEN_WITHIN_S = 1.5  # a node looks at the pointer once a second
OWN_DOMAIN = """\
accepted_domains:
  - id: own
    name: Own
    domain: acme.example
    domain_type: Authoritative
"""


@dataclass
class Taken:
    """One transaction of a probe."""

    at: float
    rcpt_ms: float
    accept_ms: float


@dataclass
class Probe(threading.Thread):
    """Sends one message after another over one session, and remembers how long the replies took."""

    port: int
    users: int
    taken: list[Taken] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        chance = random.Random(self.port)
        while not self.over.is_set():
            with smtplib.SMTP("127.0.0.1", self.port, timeout=60) as session:
                session.ehlo()
                for _ in range(200):
                    if self.over.is_set():
                        return
                    self.send(session, f"user{chance.randrange(1, self.users):06}@acme.example")
                    time.sleep(0.002)

    def send(self, session: smtplib.SMTP, recipient: str) -> None:
        began = time.perf_counter()
        session.mail("probe@source.example")
        asked = time.perf_counter()
        code, reply = session.rcpt(recipient)
        answered = time.perf_counter()
        if code != 250:
            raise CannotMeasure(f"RCPT was refused: {code} {reply.decode(errors='replace')}")
        session.data(b"Subject: A probe\r\n\r\nA line.\r\n")
        ended = time.perf_counter()
        self.taken.append(Taken(time.monotonic(), (answered - asked) * 1000, (ended - began) * 1000))


@dataclass(frozen=True)
class Bench:
    product: Product
    sink: Sink
    users: int
    sessions: int

    def phase(self, seconds: float, act: Callable[[], None] | None, every: float) -> dict[str, Any]:
        """`act` each so many seconds, under traffic."""
        probes = [Probe(self.product.port, self.users) for _ in range(PROBES)]
        with self.traffic():
            time.sleep(1)
            before, began, acts = self.sink.messages(), time.monotonic(), list[tuple[float, float]]()
            for probe in probes:
                probe.start()
            while (left := began + seconds - time.monotonic()) > 0:
                time.sleep(min(every, left))
                if act is not None and left > every:
                    started = time.monotonic()
                    act()
                    acts.append((started, time.monotonic()))
            delivered = self.sink.messages() - before
            took_s = time.monotonic() - began
        for probe in probes:
            probe.over.set()
            probe.join(timeout=60)
        return summary([one for probe in probes for one in probe.taken], acts) | {"delivered_per_s": delivered / took_s}

    @contextmanager
    def traffic(self) -> Iterator[None]:
        load = ["-s", str(self.sessions), "-m", "100000000", "-l", "4096", "-d"]
        envelope = ["-f", "bench@source.example", "-t", "user000002@acme.example"]
        command = [program("smtp-source"), *load, *envelope, f"127.0.0.1:{self.product.port}"]
        source = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        try:
            yield
            if source.poll() is not None:
                raise CannotMeasure("smtp-source was refused and ended")
        finally:
            source.terminate()
            source.wait()


def summary(taken: list[Taken], acts: list[tuple[float, float]]) -> dict[str, Any]:
    """`near`: those that ended while a sync went on or its file was taken into use."""
    near = [one for one in taken if any(start <= one.at <= end + SEEN_WITHIN_S for start, end in acts)]
    return {
        "transactions": len(taken),
        "accept": times(one.accept_ms for one in taken),
        "rcpt": times(one.rcpt_ms for one in taken),
        "syncs": len(acts),
        "sync_s": [round(end - start, 2) for start, end in acts],
        "near_a_sync": times(one.accept_ms for one in near),
    }


def times(values: Iterator[float]) -> dict[str, float]:
    ordered = sorted(values)
    if not ordered:
        return {}
    at = {"median_ms": 0.5, "p99_ms": 0.99, "p999_ms": 0.999}
    found = {name: round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2) for name, share in at.items()}
    return found | {"longest_ms": round(ordered[-1], 2)}


def syncing(users: int, folder: Path, port: int, ca: str) -> Callable[[], None]:
    """The directory read whole into the product's home; then what syncs its changes."""
    os.environ |= {"MAILCONSOLE_HOME": str(folder / "home"), "DJANGO_SETTINGS_MODULE": "mailconsole.settings"}
    os.environ.pop("DATABASE_URL", None)
    import django

    django.setup()
    from django.utils import timezone

    from mailconsole.recipients.models import DirectorySource
    from mailconsole.recipients.services.sources import create_source
    from mailconsole.recipients.services.sync import sync_source

    source = DirectorySource(name="Bench", servers=f"127.0.0.1:{port}", security="ldaps", ca_pem=ca,
                             base_dn="DC=bench,DC=example", bind_user="svc@bench.example", page_size=1000,
                             changes_every_min=1440, whole_every_h=720)  # fmt: skip
    create_source(source=source, password="x", actor=None, now=timezone.now())

    def sync(*, is_whole: bool = False) -> None:
        run = sync_source(source=source, actor=None, now=timezone.now(), is_whole=is_whole)
        if run.state != "succeeded":
            raise CannotMeasure(run.message)

    sync(is_whole=True)
    return sync


def check_that_recipients_are_looked_up(port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=60) as session:
        session.ehlo()
        session.mail("probe@source.example")
        code, reply = session.rcpt("nobody@acme.example")
    if code != 550:
        raise CannotMeasure(f"an unknown recipient was not refused: {code} {reply.decode(errors='replace')}")


def measure(given: argparse.Namespace, folder: Path) -> dict[str, Any]:
    pipe, port, ca = controller(given.users, folder)
    config = folder / "config-with-own-domain.yaml"
    config.write_text((RELAY / "config.yaml").read_text() + OWN_DOMAIN)
    os.environ["RELAY_CONFIG"] = str(config)
    sink = Sink(folder)
    product = Product(folder, sink.port)
    chance = random.Random(1)
    try:
        product.start()
        sync = syncing(given.users, folder, port, ca)
        time.sleep(SEEN_WITHIN_S)
        check_that_recipients_are_looked_up(product.port)

        def swap() -> None:
            pipe.send([chance.randrange(1, given.users) for _ in range(given.changes)])
            pipe.recv()
            sync()

        bench = Bench(product, sink, given.users, given.sessions)
        bench.phase(min(3.0, given.seconds), None, 1.0)  # caches and interpreters get warm
        return {
            "users": given.users,
            "without": bench.phase(given.seconds, None, given.every),
            "with_swaps": bench.phase(given.seconds, swap, given.every),
            "with_syncs_that_swap_nothing": bench.phase(given.seconds, sync, given.every),
        }
    finally:
        product.stop()
        sink.stop()
        pipe.send(None)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=20_000)
    parser.add_argument("--changes", type=int, default=100, help="objects that change before each swap")
    parser.add_argument("--seconds", type=float, default=20, help="of each of the three phases")
    parser.add_argument("--every", type=float, default=2, help="seconds between two syncs")
    parser.add_argument("--sessions", type=int, default=4, help="of smtp-source")
    parser.add_argument("--dir", help="folder for all state; on a real disk, or fsync costs nothing (default /var/tmp)")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="mailconsole-swap-", dir=given.dir or "/var/tmp"))
    folder.chmod(0o755)
    try:
        print(json.dumps(measure(given, folder), indent=1))
    except CannotMeasure as reason:
        print(f"swap: {reason}", file=sys.stderr)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
