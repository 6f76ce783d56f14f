"""What only the whole node shows: the listener before the real spool and a real next hop."""

import itertools
import time

import pytest

from tests.support.sink import Sink
from tests.support.smtp import SmtpClient
from tests.support.transport import Transport, document
from transport.model.event import EventId

START = b"EHLO client.example\r\nMAIL FROM:<a@acme.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n"


@pytest.fixture
def node(tmp_path, sink):
    with Transport(tmp_path, document(sink)) as started:
        yield started


def delivered(sink: Sink, count: int) -> list[bytes]:
    until = time.monotonic() + 10
    while len(sink.received) < count:
        assert time.monotonic() < until, f"{len(sink.received)} of {count} arrived"
        time.sleep(0.02)
    return [message.data for message in sink.received]


def talk(node: Transport, *pieces: bytes) -> list[int]:
    """Send pieces apart in one session that ends with QUIT, and read every reply until it closes."""
    with SmtpClient(*node.address()) as client:
        codes = [client.expect_reply().code]
        for piece in pieces:
            client.send_bytes(piece)
            time.sleep(0.02)
        while codes[-1] not in (221, 421):
            codes.append(client.expect_reply().code)
    return codes


@pytest.mark.parametrize(
    "content",
    [b".\r\n", b"..\r\n...\r\n", b"\r\n.x\r\n\r\n..\r\n", b"X: 1\r\n\r\n" + bytes(range(14, 256)) + b"\r\n", b""],
    ids=["dot", "dots", "dot_lines", "all_octets", "empty"],
)
def test_content__through_the_node__arrives_byte_for_byte(node, sink, content):
    assert node.send("a@acme.example", ["b@acme.example"], content).is_accepted
    (data,) = delivered(sink, 1)
    assert data.endswith(b"\r\n" + content) and data.startswith(b"Received: ")


def test_line_of_a_megabyte__through_the_node__arrives_byte_for_byte(node, sink):
    content = b"X: 1\r\n\r\n" + b"." * 1_000_000 + b"\r\n"
    assert node.send("a@acme.example", ["b@acme.example"], content).is_accepted
    assert delivered(sink, 1)[0].endswith(b"\r\n" + content)


@pytest.mark.parametrize("false_end", [b"\n.\n", b"\r.\r", b"\n.\r\n", b"\r\n.\n", b"\r\n.\r", b"\r.\r\n"])
def test_smuggled_message__reaches_neither_spool_nor_next_hop(node, sink, false_end):
    evil = b"MAIL FROM:<evil@acme.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\nevil\r\n.\r\n"
    codes = talk(node, START, b"x" + false_end + evil, b"QUIT\r\n")
    assert codes == [220, 250, 250, 250, 354, 550, 500, 221] or codes == [220, 250, 250, 250, 354, 550, 221]
    assert node.send("a@acme.example", ["b@acme.example"], b"good\r\n").is_accepted
    assert [data.endswith(b"\r\ngood\r\n") for data in delivered(sink, 1)] == [True]
    assert [event.event for event in node.events()].count(EventId.RECEIVE) == 1


@pytest.mark.parametrize("size", [1, 7, 60])
def test_packets_of_any_size__give_the_same_mail(node, sink, size):
    script = START + b"..dot\r\nend\r\n.\r\nQUIT\r\n"
    edges = [*range(0, len(script), size), len(script)]
    with SmtpClient(*node.address()) as client:
        for a, b in itertools.pairwise(edges):
            client.send_bytes(script[a:b])
        assert [client.expect_reply().code for _ in range(7)] == [220, 250, 250, 250, 354, 250, 221]
    assert delivered(sink, 1)[0].endswith(b"\r\n.dot\r\nend\r\n")


def test_quit__sent_while_the_commit_is_pending__the_message_arrives(node, sink):
    assert talk(node, START + b"x\r\n.\r\nQUIT\r\n")[-2:] == [250, 221]
    delivered(sink, 1)


def test_recipient__given_twice__gets_the_message_once(node, sink):
    again = b"RCPT TO:<B@ACME.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n"
    codes = talk(node, START.replace(b"DATA\r\n", again), b"x\r\n.\r\nQUIT\r\n")
    assert codes == [220, 250, 250, 250, 250, 250, 354, 250, 221]
    delivered(sink, 1)
    time.sleep(0.3)
    assert len(sink.recipients) == 1


def test_snapshot__says_which_certificate_each_connector_shows(node):
    shown = node.call(node.service.snapshot).certificates
    assert {(one.name, one.is_self_signed, one.problem) for one in shown} == {("self-made", True, "")}
    assert all("relay.test" in one.names for one in shown)
    assert node.send("a@acme.example", ["b@acme.example"], b"x\r\n", tls=True).is_accepted
