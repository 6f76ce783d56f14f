"""The product with second copies on: its nodes find each other, protect each other's mail and say so."""

import json
import time

import pytest

from tests.support.load import Load, wait_until_none_is_missing
from tests.support.product import Product
from tests.support.sink import Sink

DOCUMENT = """
schema_version: 1
organization:
  name: Test
  hostname: relay.test
  retry_ladder: "1s..."
  is_shadow_redundancy_enabled: true
  is_message_rejected_on_shadow_failure: true
  shadow_heartbeat_frequency: 1s
  shadow_resubmit_time_span: 30s
receive_connectors:
  - {{id: default, name: Default}}
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
relay_policies:
  - {{id: test, name: Test, networks: [127.0.0.1], owner: Test, purpose: Relay in a test}}
"""


@pytest.fixture
def product(shared_product: Product) -> Product:
    return shared_product


def test_two_nodes__find_each_other__and_a_killed_one_loses_nothing(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(port=sink.port))
    load = Load(product.smtp, senders=3)
    load.start()
    load.wait_for(50, timeout_s=60)  # refused until they have found each other
    first, second = (row["node"] for row in product.status()["nodes"])
    product.kill(first)
    time.sleep(1)
    load.wait_for(len(load.taken) + 50, timeout_s=60)
    product.kill(second)
    load.stop()
    wait_until_none_is_missing(load, sink)
    for node in (first, second):
        (kept,) = json.loads((product.home / "nodes" / node / "peers.json").read_text())[:1]
        assert kept["address"].startswith("127.0.0.1:")
