"""What a relay is for, on a whole node in this process: refuse, take, deliver, wait, report, survive."""

import os

import pytest

from tests.support.transport import Transport, document
from transport.model.event import EventId
from transport.model.snapshot import QueueStatus

BODY = b"Subject: hello\r\nFrom: a@x.example\r\n\r\n.leading dot\r\n..two\r\n\r\nlast line\r\n"


@pytest.fixture
def relay(tmp_path, sink):
    with Transport(tmp_path, document(sink, relay_from="127.0.0.0/8")) as transport:
        yield transport


def without_trace(data: bytes) -> bytes:
    """The message as it was sent: our Received field is the first and has three lines."""
    lines = data.split(b"\r\n")
    assert lines[0].startswith(b"Received: from ")
    end = next(i for i, line in enumerate(lines[1:], 1) if not line.startswith(b"\t"))
    return b"\r\n".join(lines[end:])


def test_relay__without_a_policy__is_refused_and_told(tmp_path, sink):
    with Transport(tmp_path, document(sink)) as relay:
        sent = relay.send("a@acme.example", ["b@partner.example"], BODY)
        assert str(sent.last) == "550 5.7.1 Unable to relay"
        accepted = relay.send("a@x.example", ["user@acme.example"], BODY)
        assert accepted.is_accepted
        assert sink.wait_for(1)[0].rcpt_to == ("user@acme.example",)
    refused = [e for e in relay_events(tmp_path) if e.event is EventId.REFUSE]
    assert [(e.sender, e.recipient, e.detail["stage"]) for e in refused] == [
        ("a@acme.example", "b@partner.example", "rcpt")
    ]
    assert "no relay policy" in refused[0].reason


def relay_events(home):
    import asyncio

    from transport.model.event import TrackingEvent
    from transport.spool.sqlite_spool import SqliteSpool

    async def read():
        spool = SqliteSpool(home / "nodes" / "transport-1", node="transport-1")
        await spool.start()
        events = [TrackingEvent.from_json(e) for _, e in spool.outbox.read(after=0, limit=10_000)]
        await spool.stop()
        return events

    return asyncio.run(read())


def test_relay__with_a_policy__arrives_byte_for_byte(relay, sink):
    body = BODY + bytes(range(32, 127)) * 50 + b"\r\n" + "grüße".encode() + b"\r\n"
    assert relay.send("a@acme.example", ["b@partner.example"], body).is_accepted
    received = sink.wait_for(1)[0]
    assert received.mail_from == "a@acme.example"
    assert without_trace(received.data) == body


def test_relay__random_octets__arrive_byte_for_byte(relay, sink):
    bodies = []
    for size in (0, 1, 100, 5000, 70_000, 400_000):
        noise = os.urandom(size).replace(b"\r", b".").replace(b"\n", b"\r\n.")
        bodies.append(b"X: 1\r\n\r\n" + noise + b"\r\n")
        assert relay.send("a@acme.example", ["b@partner.example"], bodies[-1]).is_accepted
    received = [without_trace(message.data) for message in sink.wait_for(len(bodies))]
    assert sorted(received) == sorted(bodies)


def test_relay__many_recipients_of_one_hop__go_in_one_transaction(relay, sink):
    recipients = [f"u{i}@d{i % 3}.example" for i in range(30)]
    assert relay.send("a@acme.example", recipients, BODY).is_accepted
    assert sorted(sink.wait_for(1)[0].rcpt_to) == sorted(recipients)
    assert len(sink.received) == 1


def test_relay__next_hop_down__waits_and_says_why_and_goes_out(relay, sink):
    sink.stop()
    assert relay.send("a@acme.example", ["b@partner.example"], BODY).is_accepted
    queue = wait_for_queue(relay, lambda q: q.status is QueueStatus.RETRY)
    assert queue.message_count == 1 and queue.next_retry_at > 0
    assert "refused" in queue.last_error.lower()
    assert queue.waiting_because
    sink.start()
    assert sink.wait_for(1)[0].rcpt_to == ("b@partner.example",)
    wait_for_queue(relay, lambda q: q.message_count == 0)


def wait_for_queue(relay, condition):
    import time

    until = time.monotonic() + 10
    while True:
        queues = relay.call(relay.service.snapshot).queues
        for queue in queues:
            if condition(queue):
                return queue
        assert time.monotonic() < until, queues
        time.sleep(0.05)


def test_relay__deferred_then_accepted__is_delivered_once(relay, sink):
    sink.reply("rcpt", "451 4.7.1 greylisted", times=2)
    assert relay.send("a@acme.example", ["b@partner.example"], BODY).is_accepted
    sink.wait_for(1, timeout_s=15)
    assert len(sink.received) == 1


def test_relay__rejected_by_the_next_hop__sends_a_notification(relay, sink):
    sink.reply("rcpt", "550 5.1.1 no such user", recipient="b@*")
    assert relay.send("a@acme.example", ["b@partner.example", "c@partner.example"], BODY).is_accepted
    messages = sink.wait_for(2)
    by_sender = {m.mail_from: m for m in messages}
    assert by_sender["a@acme.example"].rcpt_to == ("c@partner.example",)
    report = by_sender[""]
    assert report.rcpt_to == ("a@acme.example",)
    assert b"multipart/report" in report.data
    assert b"Action: failed" in report.data and b"Diagnostic-Code: smtp; 550 5.1.1 no such user" in report.data


def test_relay__notification_that_is_rejected__makes_no_other(relay, sink):
    sink.reply("rcpt", "550 5.1.1 no such user")
    assert relay.send("", ["b@partner.example"], BODY).is_accepted
    wait_for_queue(relay, lambda q: q.message_count == 0)
    assert relay.call(relay.service.snapshot).messages == 0
    assert sink.received == []


def test_relay__no_connector__is_unreachable_until_there_is_one(tmp_path, sink):
    config = document(sink, relay_from="127.0.0.0/8", send_connectors=())
    with Transport(tmp_path, config) as relay:
        assert relay.send("a@acme.example", ["b@partner.example"], BODY).is_accepted
        queue = wait_for_queue(relay, lambda q: q.delivery_type == "Unreachable")
        assert queue.message_count == 1
        relay.reload(document(sink, relay_from="127.0.0.0/8"))
        assert sink.wait_for(1)[0].rcpt_to == ("b@partner.example",)


def test_reload__session_in_progress__ends_under_its_revision(tmp_path, sink):
    from tests.support.smtp import SmtpClient

    with Transport(tmp_path, document(sink, relay_from="127.0.0.0/8")) as relay:
        with SmtpClient(*relay.address()) as client:
            client.expect_reply()
            client.command("EHLO x")
            relay.reload(document(sink))
            client.command("MAIL FROM:<a@acme.example>")
            assert client.command("RCPT TO:<b@partner.example>").is_positive
        assert not relay.send("a@acme.example", ["b@partner.example"], BODY).is_accepted


def test_restart__undelivered_mail__goes_out(tmp_path, sink):
    sink.stop()
    config = document(sink, relay_from="127.0.0.0/8")
    with Transport(tmp_path, config) as relay:
        for _ in range(5):
            assert relay.send("a@acme.example", ["b@partner.example"], BODY).is_accepted
    sink.start()
    with Transport(tmp_path, config):
        sink.wait_for(5)
    assert len(sink.received) == 5


def test_events__of_a_delivered_message__tell_its_life(tmp_path, sink):
    with Transport(tmp_path, document(sink, relay_from="127.0.0.0/8")) as relay:
        relay.send("a@acme.example", ["b@partner.example"], BODY)
        sink.wait_for(1)
    received, sent = relay_events(tmp_path)
    assert (received.event, sent.event) == (EventId.RECEIVE, EventId.SEND)
    assert received.detail["trail"][0][:3] == ["relay_policies", "test", "Test"]
    assert received.detail["routes"][0]["next_hop"].startswith("SmartHostConnectorDelivery/out/")
    assert received.detail["subject"] == "hello"
    assert sent.message_id == received.message_id and sent.reply.startswith("250")
