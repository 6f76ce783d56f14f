"""What much of everything costs one node, alone: memory of its process, and how soon it takes mail again.

    .venv/bin/python bench/scale.py idle large queued [--messages 100000] [--dir /var/tmp]

`idle`: 1,000 sessions that say nothing. `large`: 20 messages of 35 MB at once. `queued`: a spool filled beforehand,
whose next hop is away: how soon the node takes mail after its start, what it holds in memory once it knows its queue,
how long the queue's page takes in the node. `console`: the same queue in the whole product, and its pages over HTTP.
"""

import argparse
import asyncio
import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from run import CannotMeasure, Sink, free_port, wait_for_port  # noqa: E402
from scale_clients import open_session, send, send_patiently  # noqa: E402
from scale_spool import BODY, NODE, fill  # noqa: E402

from transport.config import text  # noqa: E402
from transport.config.document import MailFlow, initial_document  # noqa: E402
from transport.config.objects import AddressSpace, Organization, RelayPolicy, SendConnector  # noqa: E402
from transport.model.queue_filter import QueueFilter  # noqa: E402
from transport.ports.node import ListenAddress, Ports  # noqa: E402
from transport.service.engine import TransportService  # noqa: E402

IDLE_SESSIONS = 1000
LARGE_BYTES = 35 * 1024 * 1024
LARGE_COUNT = 20
PAGE_ROWS = 50


def configuration(next_hop: int) -> MailFlow:
    """Everything from here goes to the port; no limit is in the way of what is measured."""
    host = f"127.0.0.1:{next_hop}"
    wide = {"max_inbound_connections_per_source": 5000, "max_inbound_connection_percentage_per_source": 100}
    connectors = [one.model_copy(update=wide) for one in initial_document().receive_connectors]
    organization = Organization(hostname="relay.bench", queue_length_medium=None, queue_length_high=None)
    policy = RelayPolicy(id="bench", name="Bench", networks=("127.0.0.1",), owner="bench", purpose="bench")
    connector = SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), smart_hosts=(host,))
    return MailFlow(
        organization=organization,
        receive_connectors=tuple(connectors),
        send_connectors=(connector,),
        relay_policies=(policy,),
    )


async def run_node(home: Path, port: int, next_hop: int) -> None:
    service = TransportService(
        node=NODE,
        home=home,
        listen=(ListenAddress("smtp", "127.0.0.1", port), ListenAddress("submission", "127.0.0.1", 0)),
        document=configuration(next_hop),
        revision=1,
        ports=Ports(),
    )
    await service.start()
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    answering = loop.create_task(answer(service, reader))
    await stopping.wait()
    answering.cancel()
    await service.drain(timeout_s=4)


async def answer(service: TransportService, reader: asyncio.StreamReader) -> None:
    """To each line: what the node shows, and how long that took in its loop."""
    while await reader.readline():
        began = time.perf_counter()
        shown = service.snapshot()
        snapshot_ms = (time.perf_counter() - began) * 1000
        began = time.perf_counter()
        page = await service.control.page(QueueFilter(), offset=0, limit=PAGE_ROWS)
        page_ms = (time.perf_counter() - began) * 1000
        told = {"messages": shown.messages, "rows": len(page.rows), "snapshot_ms": snapshot_ms, "page_ms": page_ms}
        print(json.dumps(told), flush=True)


class Node:
    """Started as a process of its own; ``home`` is kept."""

    def __init__(self, home: Path, next_hop: int) -> None:
        self.port = free_port()
        command = [sys.executable, __file__, "--node", str(home), str(self.port), str(next_hop)]
        self.began = time.monotonic()
        with (home / "node.log").open("wb") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=log)

    def ask(self) -> dict[str, Any]:
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(b"?\n")
        self._process.stdin.flush()
        while line := self._process.stdout.readline():
            if line.startswith(b'{"messages"'):
                told: dict[str, Any] = json.loads(line)
                return told
        raise CannotMeasure("the node ended; its log is in node.log")

    def memory_mb(self, field: str = "VmRSS") -> float:
        for line in Path(f"/proc/{self._process.pid}/status").read_text().splitlines():
            if line.startswith(field + ":"):
                return int(line.split()[1]) / 1024
        raise CannotMeasure("the node ended")

    def stop(self) -> None:
        self._process.terminate()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=60)
        self._process.kill()


@contextmanager
def node_in(home: Path, next_hop: int) -> Iterator[Node]:
    node = Node(home, next_hop)
    try:
        wait_for_port(node.port, 120)
        yield node
    finally:
        node.stop()


def idle(home: Path, given: argparse.Namespace) -> None:
    with node_in(home, 1) as node, ExitStack() as sessions:
        before = node.memory_mb()
        for _ in range(IDLE_SESSIONS):
            sessions.enter_context(open_session(node.port))
        after = node.memory_mb()
        began = time.monotonic()
        send(node.port, BODY)
        print(
            f"idle    {IDLE_SESSIONS:,} sessions: {before:.0f} MB before, {after:.0f} MB with them, "
            f"{(after - before) * 1024 / IDLE_SESSIONS:.1f} KB each; a message beside them in "
            f"{(time.monotonic() - began) * 1000:.0f} ms"
        )


def large(home: Path, given: argparse.Namespace) -> None:
    body = b"Subject: large\r\n\r\n" + (b"x" * 76 + b"\r\n") * (LARGE_BYTES // 78)
    sink = Sink(home)
    try:
        with node_in(home, sink.port) as node:
            before = node.memory_mb()
            began = time.monotonic()
            failures: list[BaseException] = []
            told_later: list[bytes] = []
            target, arguments = catch(send_patiently, failures), (node.port, body, told_later)
            threads = [threading.Thread(target=target, args=arguments) for _ in range(LARGE_COUNT)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            if failures:
                raise failures[0]
            accepted_s = time.monotonic() - began
            while sink.messages() < LARGE_COUNT:
                time.sleep(0.05)
            print(
                f"large   {LARGE_COUNT} messages of 35 MB at once: accepted in {accepted_s:.1f} s "
                f"({len(told_later)} times told to come later, 452), delivered in "
                f"{time.monotonic() - began:.1f} s; {before:.0f} MB before, {node.memory_mb('VmHWM'):.0f} MB at most, "
                f"{node.memory_mb():.0f} MB after"
            )
    finally:
        sink.stop()


def catch(function: Callable[..., None], failures: list[BaseException]) -> Callable[..., None]:
    def run(*arguments: Any) -> None:
        try:
            function(*arguments)
        except BaseException as error:
            failures.append(error)

    return run


def queued(home: Path, given: argparse.Namespace) -> None:
    began = time.monotonic()
    asyncio.run(fill(home, given.messages))
    size_mb = sum(file.stat().st_size for file in (home / "nodes" / NODE).rglob("*") if file.is_file()) / 1024**2
    print(f"queued  {given.messages:,} messages: filled in {time.monotonic() - began:.0f} s, {size_mb:,.0f} MB on disk")
    with node_in(home, 1) as node:
        send(node.port, BODY)
        first_s = time.monotonic() - node.began
        slowest = 0.0
        for number in itertools.count(1):
            one = time.monotonic()
            send(node.port, BODY)
            slowest = max(slowest, time.monotonic() - one)
            if node.ask()["messages"] >= given.messages + number:
                break
            time.sleep(0.2)
        known_s = time.monotonic() - node.began
        time.sleep(5)
        told = [node.ask() for _ in range(5)]
        print(
            f"queued  first message taken {first_s:.1f} s after the start, all known after {known_s:.0f} s, the "
            f"slowest message meanwhile {slowest * 1000:.0f} ms"
        )
        print(
            f"queued  memory {node.memory_mb():.0f} MB ({node.memory_mb('VmHWM'):.0f} MB at most), "
            f"{node.memory_mb() * 1024**2 / given.messages:.0f} octets a message; in the node's loop a snapshot takes "
            f"{max(one['snapshot_ms'] for one in told):.1f} ms, a page of {PAGE_ROWS} messages "
            f"{max(one['page_ms'] for one in told):.1f} ms"
        )


def console(home: Path, given: argparse.Namespace) -> None:
    """One node of the whole product has the queue; a person who is signed in looks at it."""
    from tests.support.product import new_product

    product = new_product(home / "home", MAILCONSOLE_TRANSPORT_WORKERS="1")
    try:
        product.up()
        product.apply(text.export(configuration(1)))
        product.down()
        asyncio.run(fill(home / "home", given.messages))
        product.up()
        cookie = sign_in(product.environment)
        while f"{given.messages:,}" not in read(f"{product.url}/queues/", cookie):
            time.sleep(1)
        for page in ("queues/", "queues/queue/?key=SmartHostConnectorDelivery/out/127.0.0.1:1", "queues/messages/"):
            times = sorted(fetch(f"{product.url}/{page}", cookie) for _ in range(21))
            print(
                f"console {given.messages:,} messages: /{page.partition('?')[0]} {times[10]:.0f} ms (median of "
                f"{len(times)}), {times[-1]:.0f} ms at most"
            )
    finally:
        product.down()


SIGN_IN = """
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore
from mailconsole.accounts.models import User
user = User.objects.get()
user.must_change_password = False
user.save()
session = SessionStore()
session[SESSION_KEY], session[HASH_SESSION_KEY] = str(user.pk), user.get_session_auth_hash()
session[BACKEND_SESSION_KEY] = "django.contrib.auth.backends.ModelBackend"
session.create()
print("session", session.session_key)
"""


def sign_in(environment: dict[str, str]) -> str:
    """The cookie of the first administrator, who has no time for forms."""
    command = [sys.executable, "manage.py", "shell", "-c", SIGN_IN]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=False)
    words = done.stdout.split()
    if "session" not in words:
        raise CannotMeasure(f"nobody could be signed in: {done.stderr[-500:]}")
    return words[words.index("session") + 1]


def fetch(url: str, cookie: str) -> float:
    """How many milliseconds a page takes."""
    began = time.monotonic()
    page = read(url, cookie)
    took_ms = (time.monotonic() - began) * 1000
    if "partner.example" not in page and "127.0.0.1:1" not in page:
        raise CannotMeasure(f"{url} does not show the queue")
    return took_ms


def read(url: str, cookie: str) -> str:
    request = urllib.request.Request(url, headers={"Cookie": f"sessionid={cookie}"})
    with urllib.request.urlopen(request, timeout=30) as response:
        page: str = response.read().decode()
        return page


CASES = {"idle": idle, "large": large, "queued": queued, "console": console}


def main() -> int:
    parser = argparse.ArgumentParser(description="Measure one node with much of everything.")
    parser.add_argument("cases", nargs="+", choices=CASES)
    parser.add_argument("--messages", type=int, default=100_000, help="messages in the queue of `queued`")
    parser.add_argument("--dir", default="/var/tmp", help="folder for all state, on a real disk")
    given = parser.parse_args()
    for name in given.cases:
        home = Path(tempfile.mkdtemp(prefix="mailconsole-scale-", dir=given.dir))
        home.chmod(0o755)
        try:
            CASES[name](home, given)
        except CannotMeasure as reason:
            log = home / "node.log"
            print(f"scale: {name}: {reason}\n{log.read_text()[-2000:] if log.exists() else ''}", file=sys.stderr)
            return 1
        finally:
            shutil.rmtree(home, ignore_errors=True)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] == ["--node"]:
        import resource

        import structlog
        import uvloop

        structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
        _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65536), hard))
        uvloop.run(run_node(Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])))
        os._exit(0)
    sys.exit(main())
