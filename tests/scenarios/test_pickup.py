"""The Pickup directory of the whole product: `kill -9` in the middle loses no file (law 1)."""

import os
import time

import pytest

from tests.support.product import Product
from tests.support.sink import Sink

DOCUMENT = """
schema_version: 1
organization:
  name: Test
  hostname: relay.test
  retry_ladder: "1s..."
  pickup_directory_max_messages_per_minute: 20000
receive_connectors:
  - {{id: default, name: Default}}
send_connectors:
  - {{id: sink, name: Sink, address_spaces: [{{domain: "*"}}], smart_hosts: ["[127.0.0.1]:{port}"]}}
"""
FILES = 400
KILLS = 2


@pytest.fixture
def product(shared_product: Product) -> Product:
    return shared_product


def test_files__node_killed_while_it_takes_them__each_arrives_and_none_is_left(product: Product, sink: Sink):
    product.apply(DOCUMENT.format(port=sink.port))
    folder = product.home / "nodes" / "transport-1" / "pickup"
    drop(folder, FILES)
    for kill in range(1, KILLS + 1):
        sink.wait_for(kill * FILES // 8, timeout_s=60)
        product.kill("transport-1")
    end = time.monotonic() + 120
    while left := sorted(path.name for path in folder.iterdir()):
        assert time.monotonic() < end, f"{len(left)} files are left, such as {left[:3]}"
        time.sleep(0.5)
    wanted = {f"file {number}".encode() for number in range(FILES)}
    while arrived := {message.headers("Subject")[0] for message in sink.received}:
        if arrived == wanted:
            break
        assert time.monotonic() < end, f"lost: {sorted(wanted - arrived)[:5]}"
        time.sleep(0.5)


def drop(folder, count: int) -> None:
    """As an application should: written under another name, then renamed."""
    for number in range(count):
        draft = folder / f"{number}.part"
        draft.write_text(f"From: a@acme.example\nTo: b@partner.example\nSubject: file {number}\n\nx\n")
        os.utime(draft, (time.time() - 60,) * 2)
        draft.rename(folder / f"{number}.eml")
