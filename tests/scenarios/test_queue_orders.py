"""The whole product: mail is held and lifted, and redirected, by the command line, through the broker, over a kill."""

import time

import pytest

from tests.support.product import Product
from tests.support.sink import Sink
from tests.support.smtp import send

MESSAGE = b"Subject: bytes\r\n\r\nhello\r\n"
DOCUMENT = """
schema_version: 1
organization: {{name: Test, hostname: relay.test, retry_ladder: "1h..."}}
receive_connectors:
  - {{id: default, name: Default}}
send_connectors:
  - {{id: first, name: First, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{first}"]}}
  - {{id: second, name: Second, address_spaces: [{{domain: x.example}}], smart_hosts: ["[127.0.0.1]:{second}"]}}
relay_policies:
  - {{id: test, name: Test, networks: [127.0.0.2], owner: Test, purpose: Relay in a test}}
"""


@pytest.fixture
def product(shared_product: Product) -> Product:
    return shared_product


def relay(product: Product, sender: str = "a@acme.example") -> None:
    assert send(*product.smtp, sender, ["b@partner.example"], MESSAGE, source_address="127.0.0.2").is_accepted


def queue(product: Product, *arguments: str) -> str:
    done = product.console("queue", *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def until_shown(product: Product, words: str) -> None:
    end = time.monotonic() + 30
    while words not in queue(product, "show"):
        assert time.monotonic() < end, queue(product, "show")
        time.sleep(0.5)


def test_hold_and_lift__also_over_a_killed_node(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(first=sink.port, second=1))
    queue(product, "hold", "add", "--sender", "eve@acme.example", "--reason", "phishing")
    relay(product, "eve@acme.example")
    relay(product)
    sink.wait_for(1)
    until_shown(product, "A hold rule")
    for name in [row["node"] for row in product.status()["nodes"]]:
        product.kill(name)
    until_shown(product, "A hold rule")
    assert [one.mail_from for one in sink.received] == ["a@acme.example"]
    queue(product, "hold", "lift", "1")
    sink.wait_for(2, timeout_s=30)


def test_redirect__what_waits_goes_another_way(product: Product, sink: Sink):
    with Sink() as second:
        product.apply(DOCUMENT.format(first=sink.port, second=second.port))
        sink.stop()
        for _ in range(5):
            relay(product)
        until_shown(product, "1 to 5 of 5 messages")
        said = queue(
            product, "redirect", "--connector", "first", "--to", "second", "--yes", "--reason", "theirs is down"
        )
        assert "5 messages redirected." in said
        assert len(second.wait_for(5)) == 5
