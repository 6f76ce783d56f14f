"""`kill -9` of the transport alone at random moments, again and again, under mail of every size: each recipient of each
message that got 250 gets it, nothing is made up, and what came twice is little."""

import random
import time

import pytest

from tests.support.load import Load, arrived, of_all_sizes, small, wait_until_none_is_missing
from tests.support.node import NodeProcess
from tests.support.transport import document
from transport.config.objects import Organization

KILLS = 4


@pytest.fixture
def node(tmp_path, sink):
    organization = Organization(hostname="relay.test", retry_ladder="1s...")
    process = NodeProcess(tmp_path / "home", document(sink, relay_from="127.0.0.0/8", organization=organization))
    process.start()
    yield process
    if process.is_running:
        process.stop()


def many(number):
    return [f"user{at}@partner{at % 3}.example" for at in range(1 + number % 40)]


def one(number):
    return ["b@partner.example"]


CASES = {
    "every size": {"body": of_all_sizes, "rcpts": one, "tls": False},
    "over TLS": {"body": of_all_sizes, "rcpts": one, "tls": True},
    "many recipients": {"body": small, "rcpts": many, "tls": False},
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_kill_9__at_random_moments__every_recipient_of_what_got_250_gets_it(node, sink, case):
    moments = random.Random(time.time_ns())
    load = Load(node.smtp, **case)
    load.start()
    for _ in range(KILLS):
        load.wait_for(len(load.taken) + 20)
        time.sleep(moments.uniform(0, 0.3))
        node.kill()
        node.start()
    load.wait_for(len(load.taken) + 20)
    load.stop()
    wait_until_none_is_missing(load, sink)
    came = arrived(sink)
    assert set(came) <= load.tried
    assert_wholeness(sink, load, case["body"])


def assert_wholeness(sink, load, body):
    """Not only the subject came."""
    for message in sink.received:
        number = int(message.headers("Subject")[0].split()[1])
        assert message.body == body(number)


def test_kill_9__while_it_delivers_a_backlog__nothing_is_lost_and_little_comes_twice(node, sink):
    sink.stop()
    load = Load(node.smtp, body=of_all_sizes)
    load.start()
    load.wait_for(200, timeout_s=60)
    load.stop()
    sink.start()
    for _ in range(KILLS):
        time.sleep(0.2)
        node.kill()
        node.start()
    wait_until_none_is_missing(load, sink)
    twice = sum(arrived(sink).values()) - len(arrived(sink))
    assert twice <= KILLS * 60  # what was delivered within the 20 ms before each kill, and what was under way


def test_kill_9__in_the_middle_of_data__no_part_of_a_message_is_delivered(node, sink):
    load = Load(node.smtp, body=lambda number: b"x" * 2_000_000 + b"\r\n", senders=2)
    load.start()
    load.wait_for(3)
    node.kill()
    load.stop()
    node.start()
    wait_until_none_is_missing(load, sink)
    time.sleep(1)
    assert {len(message.body) for message in sink.received} == {2_000_002}
