"""The sink and the client must be right before anything tested with them can be."""

import socket
import time

import pytest

from tests.support.dialogue import dialogue, dialogue_files
from tests.support.sink import Sink
from tests.support.smtp import Disconnected, SmtpClient, send

MESSAGE = b"Subject: bytes\r\n\r\n.leading dot\r\nbare \n lf, bare \r cr, \xff\x00\r\n..\r\n"


def test_sink__message_with_awkward_bytes__is_recorded_byte_for_byte(sink: Sink):
    sent = send("127.0.0.1", sink.port, "a@one.example", ["b@two.example", "c@two.example"], MESSAGE)
    [received] = sink.wait_for(1)
    assert sent.is_accepted
    assert received.data == MESSAGE
    assert (received.mail_from, received.rcpt_to) == ("a@one.example", ("b@two.example", "c@two.example"))


def test_sink__refuses_one_recipient_by_pattern__takes_the_other(sink: Sink):
    sink.reply("rcpt", "550 5.1.1 no such user", recipient="gone*@*")
    sent = send("127.0.0.1", sink.port, "", ["gone@two.example", "here@two.example"], MESSAGE)
    assert [reply.code for reply in sent.rcpts] == [550, 250]
    assert sent.rcpts[0].enhanced == "5.1.1"
    assert sink.wait_for(1)[0].rcpt_to == ("here@two.example",)


@pytest.mark.parametrize("stage", ["connect", "ehlo", "mail", "rcpt", "data", "dot"])
def test_sink__refuses_once_at_a_stage__says_so_and_takes_the_next(sink: Sink, stage):
    sink.reply(stage, "451 4.3.0 later", times=1)
    refused = send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE)
    assert refused.last.text == "451 4.3.0 later"
    assert not sink.received
    assert send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE).is_accepted


def test_sink__closes_at_data__keeps_nothing(sink: Sink):
    sink.close_at("data", times=1)
    with pytest.raises((Disconnected, OSError)):
        send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE * 10)
    assert not sink.received


def test_sink__stopped__refuses_connections_and_listens_again_on_the_same_port(sink: Sink):
    port = sink.port
    with SmtpClient("127.0.0.1", port) as client:
        client.expect_reply()
        sink.stop()
        with pytest.raises(Disconnected):
            client.expect_reply()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port))
    sink.start()
    assert send("127.0.0.1", port, "a@one.example", "b@two.example", MESSAGE).is_accepted


def test_sink__told_to_be_slow__answers_late(sink: Sink):
    sink.delay("rcpt", 0.2, times=1)
    began = time.monotonic()
    send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE)
    assert time.monotonic() - began >= 0.2


def test_sink__with_certificate__offers_and_speaks_tls(certificate):
    with Sink(tls_chain=certificate.chain, tls_key=certificate.key) as sink:
        sent = send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE, tls=True)
        assert "250 STARTTLS" in sent.replies[1].text.splitlines()
        assert sink.wait_for(1)[0].tls_version == "TLSv1.3"


def test_sink__without_extensions__offers_none():
    with Sink(extensions=()) as sink, SmtpClient("127.0.0.1", sink.port) as client:
        client.expect_reply()
        assert client.command("EHLO x").text == "250 sink.example"


def test_sink__source_address__is_recorded_as_peer(sink: Sink):
    send("127.0.0.1", sink.port, "a@one.example", "b@two.example", MESSAGE, source_address="127.0.0.2")
    assert sink.wait_for(1)[0].peer == "127.0.0.2"


def test_sink__too_few_messages__wait_for_fails_with_what_it_saw(sink: Sink):
    with pytest.raises(AssertionError, match="has 0 messages"):
        sink.wait_for(1, timeout_s=0.05)


@pytest.mark.parametrize("path", dialogue_files("sink"), ids=lambda path: path.stem)
def test_dialogue__against_the_sink__is_spoken_as_written(sink: Sink, path):
    dialogue(path, "127.0.0.1", sink.port, SENDER="a@one.example")


def test_dialogue__wrong_reply__fails_with_line_and_reply(sink: Sink):
    with pytest.raises(AssertionError, match=r"dialogue:2: expected '250', got:\n220"):
        dialogue("# a greeting\ns: 250", "127.0.0.1", sink.port)


def test_dialogue__connection_closed__says_so(sink: Sink):
    sink.close_at("connect")
    with pytest.raises(AssertionError, match="the server closed the connection"):
        dialogue("s: 220", "127.0.0.1", sink.port)
