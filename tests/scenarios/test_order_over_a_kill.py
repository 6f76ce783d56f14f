"""A node that dies in the middle of an order goes on with it when it starts: what it had done is not done again,
what is left is done, and the counts are true."""

import json
import time

import pytest

from tests.support.node import NodeProcess
from tests.support.sink import Sink
from tests.support.smtp import send
from tests.support.transport import document
from transport.config.objects import AcceptedDomain, AddressSpace, Organization, Recipient, SendConnector
from transport.model.queue_filter import QueueFilter
from transport.model.queue_order import QueueOrder, Verb

COUNT = 12
DIES_AT = 8
SECOND = {"id": "second", "name": "Second", "address_spaces": (AddressSpace(domain="second.example"),)}


@pytest.fixture(params=[True, False], ids=["what was done is on disk", "what was done is not on disk"])
def is_written(request):
    return request.param


@pytest.fixture
def second():
    with Sink() as sink:
        yield sink


@pytest.fixture
def node(tmp_path, sink, second):
    """Its messages wait for a next hop that is down."""
    config = document(
        sink, relay_from="127.0.0.0/8", organization=Organization(hostname="relay.test", retry_ladder="1h...")
    )
    other = SendConnector(**SECOND, smart_hosts=(f"{second.host}:{second.port}",))
    config = config.model_copy(update={"send_connectors": (*config.send_connectors, other)})
    sink.stop()
    with NodeProcess(tmp_path / "home", config) as process:
        for _ in range(COUNT):
            assert send(*process.smtp, "a@acme.example", ["b@partner.example"], b"Subject: x\r\n\r\nx\r\n").is_accepted
        until(lambda: len(process.events("DEFER")) == COUNT)
        yield process


def until(condition, timeout_s=20):
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def order(node, verb, *, dies=False, is_written=False, **fields):
    row = QueueOrder(verb, QueueFilter(), by="olga", **fields).row()
    return node.ask(order=row, die_at=DIES_AT if dies else 0, is_written=is_written)["id"]


def die_in(node, verb, is_written, **fields):
    """Give an order that the node dies of, and start it anew."""
    job_id = order(node, verb, dies=True, is_written=is_written, **fields)
    until(lambda: not node.is_running)
    (kept,) = begun(node)
    assert len(kept.read_text().split("\n+")) == DIES_AT  # the head, and what was done
    node.start()
    ended(node, job_id)


def begun(node):
    return list((node.folder / "begun-orders").glob("*.order"))


def ended(node, job_id):
    until(lambda: node.ask(job=job_id).get("is_finished"))
    until(lambda: not begun(node))
    job = node.ask(job=job_id)
    assert (job["selected"], job["done"], job["left_out"], job["problem"]) == (COUNT, COUNT, 0, "")


def told(node, event, words):
    return sum(words in json.dumps(one) for one in node.events(event))


def test_suspend_and_resume__each_message_once(node, is_written):
    die_in(node, Verb.SUSPEND, is_written, reason="wait")
    assert told(node, "SUSPEND", "olga suspended it") == COUNT
    die_in(node, Verb.RESUME, is_written)
    assert told(node, "RESUME", "olga resumed it") == COUNT


def test_remove__each_sender_is_told_once(node, is_written):
    die_in(node, Verb.REMOVE, is_written, reason="sent twice")
    until(lambda: len(node.events("FAIL")) == COUNT)
    assert len(node.events("DSN")) == COUNT


def test_redirect__each_message_once(node, is_written, second):
    die_in(node, Verb.REDIRECT, is_written, connector_id="second")
    second.wait_for(COUNT, timeout_s=20)
    until(lambda: len(node.events("SEND")) == COUNT)
    assert told(node, "ROUTE", "olga redirected it") == COUNT
    assert len(second.received) == COUNT


def test_next_attempt__each_message_once(node, is_written):
    die_in(node, Verb.SET_NEXT_ATTEMPT, is_written, next_attempt_at=time.time() + 7200)
    assert told(node, "DEFER", "olga set the next attempt") == COUNT


def test_retry__the_rest_is_tried_too(node, is_written):
    die_in(node, Verb.RETRY, is_written)


def test_resubmit__under_a_new_configuration__nobody_gets_it_twice(node, is_written, sink):
    forwarding = Recipient(id="b", name="B", address="b@partner.example", forwarding_address="c@else.example")
    ours = AcceptedDomain(id="partner", name="Partner", domain="partner.example")
    node.document = node.document.model_copy(update={"recipients": (forwarding,), "accepted_domains": (ours,)})
    node.ask(document=node.document.model_dump(mode="json"))
    die_in(node, Verb.RESUBMIT, is_written)
    assert told(node, "REDIRECT", "c@else.example") == COUNT
    sink.start()
    order(node, Verb.RETRY)
    sink.wait_for(COUNT, timeout_s=20)
    until(lambda: told(node, "SEND", "c@else.example") == COUNT)
    assert sink.recipients == ["c@else.example"] * COUNT


def test_order__kills_the_node_again_and_again__is_given_up(node):
    job_id = order(node, Verb.SUSPEND, dies=True)
    until(lambda: not node.is_running)
    (kept,) = begun(node)
    kept.write_text(kept.read_text() + "^\n" * 3)
    node.start()
    job = node.ask(job=job_id)
    assert job["is_finished"] and "order it again for what is left" in job["problem"]
    assert not begun(node) and told(node, "SUSPEND", "olga") < COUNT


def test_order__its_record_is_torn__what_can_be_read_is_gone_on_with(node):
    job_id = order(node, Verb.SUSPEND, dies=True)
    until(lambda: not node.is_running)
    (kept,) = begun(node)
    kept.write_text(kept.read_text()[:-6])
    (kept.parent / "1.order").write_text("{")
    node.start()
    ended(node, job_id)
    assert [one.name for one in kept.parent.iterdir()] == ["1.unreadable"]
    assert told(node, "SUSPEND", "olga") == COUNT
