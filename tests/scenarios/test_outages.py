"""The console's database, its broker and the domain controller down or frozen, in mid-flow and at the start of a node:
mail goes on under the last good revision, every message once, and nobody waits for long (law 3)."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from urllib.parse import urlsplit, urlunsplit

import pytest

from tests.support import valkey
from tests.support.gate import Gate
from tests.support.lab import PASSWORD, LabAd
from tests.support.load import Load, arrived, wait_until_none_is_missing
from tests.support.product import Product, new_product
from tests.support.sink import Sink
from tests.support.smtp import Disconnected, send

SLOWEST_S = 2.0
START_S = 40.0
DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, retry_ladder: "1s..."}}
receive_connectors:
  - {{id: default, name: Default}}
  - id: client
    name: Client
    bindings: [submission]
    permission_groups: [ExchangeUsers]
    tls_mode: required
    auth_tarpit_interval: 0s
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
relay_policies:
  - {{id: test, name: Test, networks: [127.0.0.1], owner: Test, purpose: Relay in a test}}
  - {{id: people, name: People, identities: [admin.anna@acme.example], owner: Test, purpose: Test}}
"""


@dataclass
class World:
    """The product, each of its servers behind a gate."""

    product: Product
    gates: dict[str, Gate]

    def break_(self, names: str, how: str) -> None:
        for name in names.split("+"):
            getattr(self.gates[name], how)()

    def mend(self) -> None:
        for gate in self.gates.values():
            gate.open()


def gated(url: str, stack: ExitStack) -> tuple[str, Gate]:
    """The URL of a server as it is reached through a gate of its own."""
    parts = urlsplit(url)
    gate = stack.enter_context(Gate(parts.hostname, parts.port))
    netloc = parts.netloc.replace(f":{parts.port}", f":{gate.port}")
    return urlunsplit(parts._replace(netloc=netloc)), gate


@pytest.fixture(scope="module")
def running(tmp_path_factory, postgres_url) -> Iterator[World]:
    with ExitStack() as stack:
        redis_url = stack.enter_context(valkey.server(tmp_path_factory.mktemp("valkey")))
        database, database_gate = gated(postgres_url, stack)
        broker, broker_gate = gated(redis_url, stack)
        settings = {"DATABASE_URL": database, "REDIS_URL": broker, "MAILCONSOLE_TRANSPORT_WORKERS": "1"}
        product = new_product(tmp_path_factory.mktemp("product") / "home", **settings)
        product.up()
        world = World(product, {"database": database_gate, "broker": broker_gate})
        yield world
        world.mend()
        product.down()


@pytest.fixture
def world(running: World, sink: Sink) -> Iterator[World]:
    """All is well, and the configuration sends to this test's sink."""
    running.mend()
    wait_until(lambda: running.product.console("status").returncode == 0, timeout_s=60)
    running.product.apply(DOCUMENT.format(port=sink.port))
    yield running
    running.mend()


def wait_until(condition, timeout_s: float = 30.0) -> None:
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.2)


def take_one(world: World, subject: str) -> float:
    """Send one message, which must be taken; how long that took."""
    began = time.monotonic()
    body = f"Subject: {subject}\r\n\r\nx\r\n".encode()
    host, port = world.product.smtp
    sent = send(host, port, "a@acme.example", "b@partner.example", body)
    assert sent.is_accepted, sent.last
    return time.monotonic() - began


OUTAGES = [
    ("database", "close"),
    ("database", "freeze"),
    ("broker", "close"),
    ("broker", "freeze"),
    ("database+broker", "freeze"),
]


@pytest.mark.parametrize(("what", "how"), OUTAGES)
def test_mid_flow__mail_goes_on_and_each_message_arrives_once(world: World, sink: Sink, what: str, how: str):
    """hostile.md, publishing inside the SMTP reply: what is told to others never decides what the client hears."""
    load = Load(world.product.smtp, senders=2)
    load.start()
    load.wait_for(30)
    world.break_(what, how)
    until, number = time.monotonic() + 6, 0
    while time.monotonic() < until:
        number += 1
        assert take_one(world, f"beside {number}") < SLOWEST_S
    taken = len(load.taken)
    load.wait_for(taken + 30, timeout_s=10)
    load.stop()
    wait_until_none_is_missing(load, sink, timeout_s=20)
    sink.wait_for(len(load.taken) + number, timeout_s=20)
    assert set(load.replies) == {"250"}
    assert set(arrived(sink).values()) == {1}
    world.mend()
    wait_until(lambda: world.product.console("status").returncode == 0, timeout_s=60)


@pytest.mark.parametrize(("what", "how"), [("database+broker", "close"), ("database+broker", "freeze")])
def test_start__without_them__the_last_good_revision_runs(world: World, sink: Sink, what: str, how: str):
    take_one(world, "before")
    node = world.product.pid_of("transport-1")
    world.break_(what, how)
    os.kill(node, signal.SIGKILL)
    wait_until(lambda: is_taken(world), timeout_s=START_S)
    assert take_one(world, "after") < SLOWEST_S
    wait_until(lambda: {"before", "after"} <= set(arrived(sink)))
    world.mend()
    wait_until(lambda: world.product.console("status").returncode == 0, timeout_s=60)


def is_taken(world: World) -> bool:
    try:
        return bool(take_one(world, "again"))
    except (OSError, Disconnected):
        return False


@pytest.mark.needs("lab-ad")
@pytest.mark.parametrize("how", ["close", "freeze"])
def test_domain_controller_away__auth_by_bind_answers_454_in_time_and_other_mail_goes_on(
    world: World, sink: Sink, lab_ad: LabAd, how: str
):
    with Gate("127.0.0.11", 636, host="127.0.0.11") as controller:
        add_directory(world.product, lab_ad, controller, f"corp-{how}")
        wait_until(lambda: submit(world).is_accepted)
        getattr(controller, how)()
        began = time.monotonic()
        asking = threading.Thread(target=submit, args=(world,), daemon=True)
        asking.start()
        assert take_one(world, "beside") < SLOWEST_S
        refused = submit(world)
        assert str(refused.last).startswith("454 4.7.0"), refused.last
        assert time.monotonic() - began < 20
        asking.join(timeout=20)
        os.kill(world.product.pid_of("transport-1"), signal.SIGKILL)
        wait_until(lambda: is_taken(world), timeout_s=START_S)
        assert str(submit(world).last).startswith("454 4.7.0")
        controller.open()
        wait_until(lambda: submit(world).is_accepted, timeout_s=60)
        done = world.product.console("directory", "list")
        assert done.returncode == 0


def add_directory(product: Product, lab_ad: LabAd, controller: Gate, name: str) -> None:
    product.settings = {**product.settings, "MAILCONSOLE_BIND_PASSWORD": lab_ad.reader.password}
    words = ["--server", f"127.0.0.11:{controller.port}", "--base-dn", lab_ad.base, "--bind-user", lab_ad.reader.user]
    words += ["--ca-file", str(lab_ad.ca_path), "--filter", "(sAMAccountName=admin.anna)"]
    for command in (("add", name, *words), ("sync", name)):
        done = product.console("directory", *command)
        assert done.returncode == 0, done.stdout + done.stderr


def submit(world: World):
    host, port = world.product.submission
    body = b"From: admin.anna@acme.example\r\nSubject: signed in\r\n\r\nx\r\n"
    auth = ("admin.anna", PASSWORD)
    return send(host, port, "admin.anna@acme.example", "b@partner.example", body, tls=True, auth=auth, timeout_s=30)
