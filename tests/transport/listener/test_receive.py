"""What is accepted: byte for byte but for our Received field, with what the engine and people need to know of it."""

import itertools
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.listener import connector, mail_flow, running
from transport.model.address import Address
from transport.model.envelope import BodyType
from transport.model.event import EventId

START = b"EHLO client.example\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n"


def accepted(server, data, **options):
    sent = server.send("a@x.example", "b@acme.example", data, **options)
    assert sent.is_accepted, sent.last
    return server.intake.messages[-1]


def test_data__random_octets_of_any_size__pass_unchanged(server):
    bodies = []
    for size in (0, 1, 998, 70_000, 700_000):
        noise = os.urandom(size).replace(b"\r", b".").replace(b"\n", b"\r\n.")
        bodies.append(b"X: 1\r\n\r\n" + noise + b"\r\n")
        accepted(server, bodies[-1])
    assert server.bodies == bodies


def test_data__dots_at_line_begins__are_unstuffed_once(server):
    body = b".\r\n..\r\n...a\r\n\r\n.b\r\nc.\r\n"
    accepted(server, body)
    assert server.bodies == [body]


def test_data__line_of_a_megabyte__passes(server):
    body = b"X: " + b"y" * 1_000_000 + b"\r\n\r\n" + b"z" * 1_000_000 + b"\r\n"
    with running(mail_flow(connector(max_header_size="2 MB"))) as wide:
        accepted(wide, body)
        assert wide.bodies == [body]


def test_accept__message__holds_envelope_and_header_facts(server):
    body = b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@x>\r\n\r\nx\r\n"
    with server.greeted() as client:
        client.command("MAIL FROM:<A@x.example> SIZE=99 BODY=8BITMIME RET=HDRS ENVID=Q+2B1")
        client.command("RCPT TO:<b@acme.example> NOTIFY=SUCCESS,DELAY ORCPT=rfc822;Bob+2Bx@acme.example")
        client.command("RCPT TO:<Postmaster>")
        client.command("DATA")
        reply = client.data(body)
    message = server.intake.messages[0]
    assert reply.text == f"250 2.6.0 {message.queue_id} Queued mail for delivery"
    assert message.envelope_sender == Address("A", "x.example")
    assert [str(r.address) for r in message.recipients] == ["b@acme.example", "Postmaster"]
    assert message.recipients[0].notify == {"SUCCESS", "DELAY"}
    assert message.recipients[0].orcpt == "rfc822;Bob+x@acme.example"
    assert (message.ret, message.envid, message.body_type) == ("HDRS", "Q+1", BodyType.EIGHT_BIT_MIME)
    assert (message.subject, message.internet_message_id) == ("Grüße", "<1@x>")
    assert (message.peer, message.helo, message.connector_id) == ("127.0.0.1", "client.example", "default")
    assert message.size_bytes == len(message.body)


def test_accept__event__tells_who_and_which_rules_decided(server):
    accepted(server, b"Subject: x\r\n\r\n")
    (event,) = server.intake.happened(EventId.RECEIVE)
    assert event.detail["recipients"] == ["b@acme.example"]
    assert event.detail["helo"] == "client.example" and event.detail["binding"] == "smtp"
    assert event.detail["trail"][0][:4] == ["accepted_domains", "acme", "acme.example", "yes"]
    assert event.message_id == server.intake.messages[0].id


def test_accept__eight_bit_declared_seven__is_marked_eight(server):
    assert accepted(server, b"\r\ngr\xc3\xbc\xc3\x9fe\r\n").body_type is BodyType.EIGHT_BIT_MIME


def test_received__hostile_helo__cannot_break_out(server):
    accepted(server, b"X: 1\r\n\r\n", helo="a(b) by evil; x")
    first = server.intake.messages[0].body.split(b"\r\n")[0]
    assert first == b"Received: from a?b??by?evil??x ([127.0.0.1])"


@pytest.mark.parametrize("space", [b" ", b"\t"])
def test_first_line__that_no_field_is_folded_into__is_no_part_of_our_received(server, space):
    content = space + b"by evil.example; now\r\nReceived: from nobody\r\n\r\ntext\r\n"
    trace, _, rest = accepted(server, content).body.partition(b"\r\n\r\n")
    assert trace.startswith(b"Received: from ") and b"evil" not in trace and trace.lower().count(b"received:") == 1
    assert rest == content


def test_commit_pending__nothing_is_answered_and_order_is_kept(server):
    server.intake.is_waiting = True
    with server.client() as client:
        client.expect_reply()
        client.send_bytes(START + b"x\r\n.\r\nRSET\r\nMAIL FROM:<c@x.example>\r\n")
        assert [client.expect_reply().code for _ in range(4)] == [250, 250, 250, 354]
        assert_silent_until_stored(server, client)
        assert [client.expect_reply().text[:9] for _ in range(2)] == ["250 2.0.0", "250 2.1.0"]


def assert_silent_until_stored(server, client):
    server.wait_until(lambda: server.intake.waiting)
    client._socket.settimeout(0.15)
    with pytest.raises(TimeoutError):
        client.expect_reply()
    client._socket.settimeout(10)
    server.call(server.intake.finish)
    assert client.expect_reply().text.startswith("250 2.6.0")


def test_peer_closes_its_half__still_gets_its_reply(server):
    server.intake.is_waiting = True
    with server.client() as client:
        client.expect_reply()
        client.send_bytes(START + b"x\r\n.\r\n")
        client._socket.shutdown(1)
        server.wait_until(lambda: server.intake.waiting)
        time.sleep(0.05)
        server.call(server.intake.finish)
        assert [client.expect_reply().code for _ in range(5)] == [250, 250, 250, 354, 250]
        client.expect_close()


def test_peer_gone_before_the_commit__nothing_breaks(server):
    server.intake.is_waiting = True
    with server.client() as client:
        client.send_bytes(START + b"x\r\n.\r\n")
        server.wait_until(lambda: server.intake.waiting)
    server.wait_until(lambda: server.listener.sessions == 0)
    server.call(server.intake.finish)
    server.wait_until(lambda: server.listener._context.memory.reading.used_bytes == 0)


def test_spool_fails__is_451_and_the_session_goes_on(server):
    server.intake.failure = "disk full"
    sent = server.send("a@x.example", "b@acme.example", b"x\r\n")
    assert str(sent.last) == "451 4.3.0 The message could not be stored, try again later"
    assert "disk full" in server.refusals[-1].reason and "disk full" not in server.refusals[-1].reply
    server.intake.failure = ""
    accepted(server, b"x\r\n")


def test_not_accepting__is_452_at_mail_with_the_reason_kept(server):
    server.intake.why_not_accepting = "the spool's disk is full"
    with server.greeted() as client:
        assert client.command("MAIL FROM:<a@x.example>").text.startswith("452 4.3.1")
    assert "disk is full" in server.refusals[0].reason


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(places=st.lists(st.integers(0, 400), max_size=10))
def test_any_packets__give_the_same_replies(shared_server, places):
    body = b"Subject: x\r\n\r\n..dot\r\n\r\nend\r\n.\r\n"
    script = START + body + b"MAIL FROM:<>\r\nRCPT TO:<c@elsewhere.example>\r\nRSET\r\nBOGUS\r\nQUIT\r\n"
    edges = [0, *sorted(place % len(script) for place in places), len(script)]
    with shared_server.client() as client:
        client.expect_reply()
        for a, b in itertools.pairwise(edges):
            client.send_bytes(script[a:b])
        codes = [client.expect_reply().code for _ in range(10)]
        client.expect_close()
    assert codes == [250, 250, 250, 354, 250, 250, 550, 250, 500, 221]
    assert shared_server.bodies[-1] == b"Subject: x\r\n\r\n.dot\r\n\r\nend\r\n"


@pytest.fixture(scope="module")
def shared_server():
    with running() as started:
        yield started
