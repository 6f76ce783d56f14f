"""`kill -9` of every transport while mail pours in: each message that got 250 arrives, none is made up (law 1)."""

import itertools
import threading
import time

import pytest

from tests.support.product import Product
from tests.support.sink import Sink
from tests.support.smtp import Disconnected, SmtpClient

DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, retry_ladder: "1s..."}}
receive_connectors:
  - {{id: default, name: Default}}
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
relay_policies:
  - {{id: test, name: Test, networks: [127.0.0.1], owner: Test, purpose: Relay in a test}}
"""
SENDERS = 4


class Load:
    """Clients that send one message after another, and remember which of them the relay took."""

    def __init__(self, address: tuple[str, int]) -> None:
        self.taken: set[str] = set()
        self.tried: set[str] = set()
        self._address = address
        self._numbers = itertools.count(1)
        self._is_over = False
        self._threads = [threading.Thread(target=self._run, name=f"sender {n}") for n in range(SENDERS)]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def wait_for_more(self, count: int, *, timeout_s: float = 60.0) -> None:
        until, before = time.monotonic() + timeout_s, len(self.taken)
        while len(self.taken) < before + count:
            assert time.monotonic() < until, f"only {len(self.taken) - before} were taken"
            time.sleep(0.05)

    def stop(self) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join(timeout=20)
            assert not thread.is_alive()

    def _run(self) -> None:
        while not self._is_over:
            try:
                with SmtpClient(*self._address, timeout_s=5) as client:
                    client.expect_reply()
                    client.command("EHLO client.example")
                    while not self._is_over:
                        self._send(client)
            except (OSError, Disconnected):
                time.sleep(0.05)

    def _send(self, client: SmtpClient) -> None:
        subject = f"message {next(self._numbers)}"
        self.tried.add(subject)
        for line in ("MAIL FROM:<a@acme.example>", "RCPT TO:<b@partner.example>", "DATA"):
            assert client.command(line).is_positive
        client.send_bytes(f"Subject: {subject}\r\n\r\nA line.\r\n.\r\n".encode())
        if client.expect_reply().code == 250:
            self.taken.add(subject)


def arrived(sink: Sink) -> set[str]:
    return {message.headers("Subject")[0].decode() for message in sink.received}


@pytest.fixture
def product(shared_product: Product) -> Product:
    return shared_product


def test_kill_9__transports_under_load__every_message_that_got_250_arrives(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(port=sink.port))
    nodes = [row["node"] for row in product.status()["nodes"]]
    pids = [product.pid_of(node) for node in nodes]
    load = Load(product.smtp)
    load.start()
    load.wait_for_more(100)
    for node in nodes:
        product.kill(node)
    load.wait_for_more(100)
    load.stop()
    sink.wait_until(lambda: load.taken <= arrived(sink), timeout_s=60)
    assert arrived(sink) <= load.tried
    assert not set(pids) & {product.pid_of(node) for node in nodes}
