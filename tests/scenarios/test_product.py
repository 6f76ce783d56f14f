"""The whole product, as a user starts it: refused, configured, relayed; a killed node comes back with its mail."""

import subprocess
import time

import pytest

from tests.support.product import Product, new_product
from tests.support.sink import Sink
from tests.support.smtp import send

MESSAGE = b"From: a@acme.example\r\nSubject: bytes\r\n\r\n.dot\r\n\xc3\xa4\r\n"
DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, retry_ladder: "1s..."}}
receive_connectors:
  - {{id: default, name: Default}}
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
relay_policies:
  - {{id: test, name: Test, networks: [127.0.0.2], owner: Test, purpose: Relay in a test}}
"""


def relay(product: Product, count: int = 1) -> list[str]:
    """Send from 127.0.0.2 to outside; the last reply of each message."""
    envelope = ("a@acme.example", "b@partner.example", MESSAGE)
    return [send(*product.smtp, *envelope, source_address="127.0.0.2").last.text for _ in range(count)]


def test_product__new__refuses_to_relay_and_says_so_in_550_5_7_1(product: Product):
    assert relay(product)[0].startswith("550 5.7.1")


@pytest.mark.needs("swaks")
def test_product__new__refuses_swaks_too(product: Product):
    host, port = product.smtp
    command = ["swaks", "--server", host, "--port", str(port), "--local-interface", "127.0.0.2"]
    command += ["--from", "a@acme.example", "--to", "b@partner.example", "--helo", "client.example"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert "550 5.7.1" in done.stdout
    assert done.returncode != 0


def test_product__policy_published__relays_byte_for_byte(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(port=sink.port))
    assert relay(product)[0].startswith("250 2")
    received = sink.wait_for(1)[0]
    assert received.data.endswith(MESSAGE)
    assert received.headers("Received")


def test_product__transport_killed__comes_back_with_its_mail(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(port=sink.port))
    sink.stop()
    assert all(reply.startswith("250 2") for reply in relay(product, 20))
    node = next(row["node"] for row in product.status()["nodes"])
    killed = product.pid_of(node)
    product.kill(node)
    sink.start()
    sink.wait_for(20, timeout_s=60)
    assert product.pid_of(node) != killed


def test_product__taken_port__is_named(product: Product, tmp_path):
    second = new_product(tmp_path / "second", MAILCONSOLE_SMTP="{}:{}".format(*product.smtp))
    done = second.console("up", "--detach")
    assert done.returncode != 0
    assert "{}:{}".format(*product.smtp) in done.stdout + done.stderr
    assert not second.pids()


def test_product__down__leaves_no_process(tmp_path):
    product = new_product(tmp_path / "home", MAILCONSOLE_TRANSPORT_WORKERS="1")
    product.up()
    began = time.monotonic()
    product.down()
    assert not product.pids()
    assert time.monotonic() - began < 30
    assert product.console("status").returncode == 3
