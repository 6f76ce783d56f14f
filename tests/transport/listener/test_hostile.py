"""What has broken others (reference hostile.md): smuggling, floods of octets and commands, drips, loops."""

import resource
import threading
import time

import pytest

from tests.support.listener import connector, mail_flow, running
from tests.support.smtp import Disconnected
from transport.rules import admission

START = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n"
SMUGGLED = b"\r\nMAIL FROM:<evil@x.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\nevil\r\n.\r\n"


def send_data(client, data):
    client.send_bytes(START)
    assert [client.expect_reply().code for _ in range(3)] == [250, 250, 354]
    client.send_bytes(data)
    return client.expect_reply()


@pytest.mark.parametrize(
    "false_end", [b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r.\r\n", b"\n\n.\r\n"]
)
def test_smuggling__false_end__is_one_message_and_refused(server, false_end):
    with server.greeted() as client:
        reply = send_data(client, b"Subject: x\r\n\r\nx" + false_end + SMUGGLED)
        assert str(reply).startswith("550 5.6.11")
        assert client.command("NOOP").code == 250
    assert server.intake.messages == []
    assert "smuggling" in server.refusals[0].reason


@pytest.mark.parametrize("line", ["MAIL FROM:<a@x.example> SIZE=%d", "BDAT %d LAST"])
def test_size_of_twenty_digits__is_told_as_what_a_column_holds(server, line):
    with server.greeted() as client:
        if line.startswith("BDAT"):
            client.command("MAIL FROM:<a@x.example>")
            client.command("RCPT TO:<b@acme.example>")
        assert client.command(line % (10**20 - 1)).text.startswith("552 5.3.4")
    assert server.refusals[0].size_bytes == 2**63 - 1


@pytest.mark.parametrize("octet", [b"\r", b"\n"])
def test_bare_line_end__connector_allows_it__is_normalised(octet):
    with running(mail_flow(connector(is_bare_linefeed_rejected=False))) as server, server.greeted() as client:
        assert send_data(client, b"X: 1\r\n\r\na" + octet + b".b" + octet + b"." + octet + b"\r\n.\r\n").code == 250
        assert server.bodies == [b"X: 1\r\n\r\na\r\n.b\r\n.\r\n\r\n"]


def test_data__nul_octets__pass_as_they_are(server):
    with server.greeted() as client:
        assert send_data(client, b"X: 1\r\n\r\na\0b\r\n.\r\n").code == 250
    assert server.bodies == [b"X: 1\r\n\r\na\0b\r\n"]


def test_data__without_crlf__memory_is_bounded_and_the_refusal_is_said():
    with running(mail_flow(connector(max_message_size="1 MB"))) as server, server.greeted() as client:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        client.send_bytes(START)
        assert [client.expect_reply().code for _ in range(3)] == [250, 250, 354]
        for _ in range(60):
            client.send_bytes(b"x" * 1024 * 1024)
        client.send_bytes(b"\r\n.\r\n")
        assert str(client.expect_reply()).startswith("552 5.3.4")
        assert client.command("NOOP").code == 250
        grown_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        assert grown_kib < 16 * 1024
        assert server.listener._context.memory.reading.used_bytes == 0


def test_data__far_beyond_the_limit__is_cut(monkeypatch):
    monkeypatch.setattr("transport.listener.data.HARD_CAP_BYTES", 1024 * 1024)
    with running(mail_flow(connector(max_message_size="1 MB"))) as server, server.greeted() as client:
        client.send_bytes(START)
        with pytest.raises((ConnectionError, Disconnected)):
            for _ in range(200):
                client.send_bytes(b"x" * 1024 * 1024)
        server.wait_until(lambda: server.refusals)
    assert server.refusals[0].reply.startswith("552")


def test_command_line__endless__is_one_error_and_keeps_nothing(server):
    with server.greeted() as client:
        for _ in range(100):
            client.send_bytes(b"NOOP " + b"x" * 100_000)
        (session,) = server.listener._context.sessions
        assert len(session._buffer) <= 2048
        client.send_bytes(b"\r\nNOOP\r\n")
        assert client.expect_reply().text.startswith("500 5.5.2")
        assert client.expect_reply().code == 250


def test_commands__many_in_one_write__take_linear_time():
    with running(mail_flow(connector(max_protocol_errors=0))) as server, server.greeted() as client:
        began = time.process_time()
        for _ in range(8):
            client.send_bytes(b"XX\r\n" * 8_000)
            for _ in range(8_000):
                assert client.expect_reply().code == 500
        assert time.process_time() - began < 8


def test_replies_not_read__reading_stops_and_memory_is_bounded(loop):
    flow = mail_flow(connector(max_protocol_errors=0))
    with running(flow, loop=loop) as server, server.greeted() as client:
        client._socket.settimeout(1)
        with pytest.raises(TimeoutError):
            for _ in range(10_000):
                client.send_bytes(b"XX\r\n" * 10_000)
        (session,) = server.listener._context.sessions
        assert len(session._buffer) < 1024 * 1024
        assert server.call(session._transport.get_write_buffer_size) < 1024 * 1024


def test_empty_commands__without_end__close(server):
    with server.greeted() as client:
        codes = [client.command("NOOP").code for _ in range(100)]
    assert codes[:99] == [250] * 99 and codes[99] == 421


def test_recipients__five_thousand__are_deferred_beyond_the_limit(server):
    with running(mail_flow(connector(max_recipients_per_message=3))) as server, server.greeted() as client:
        client.command("MAIL FROM:<a@x.example>")
        client.send_bytes(b"".join(b"RCPT TO:<u%d@acme.example>\r\n" % i for i in range(5000)))
        replies = [client.expect_reply().text[:9] for _ in range(5000)]
        assert replies == ["250 2.1.5"] * 3 + ["452 4.5.3"] * 4997
        assert client.command("DATA").code == 354
        assert client.data(b"x\r\n").code == 250
    assert len(server.intake.messages[0].recipients) == 3
    assert 10 <= len(server.refusals) < 100
    assert server.listener.counters.refused == 4997


def test_hops__more_than_the_limit__are_a_loop(server):
    body = b"Received: x\r\n\ty\r\n" * 31 + b"\r\nReceived: no header\r\n"
    assert str(server.send("a@x.example", "b@acme.example", body).last).startswith("554 5.4.6")
    body = b"Received: x\r\n" * 30 + b"\r\n" + b"Received: no header\r\n" * 9
    assert server.send("a@x.example", "b@acme.example", body).is_accepted


def test_header__larger_than_the_limit__is_refused_without_reading_it(server):
    body = b"X: " + b"y" * 300_000 + b"\r\n\r\n"
    assert str(server.send("a@x.example", "b@acme.example", body).last).startswith("552 5.3.4")


def test_subject__broken_encoding__does_no_harm(server):
    body = b"Subject: =?utf-8?b?a?=\r\n\r\nx\r\n"
    assert server.send("a@x.example", "b@acme.example", body).is_accepted
    assert server.intake.messages[0].subject == "=?utf-8?b?a?="


def test_rule_broken__no_traceback_reaches_the_peer(server, monkeypatch):
    def explode(*args, **options):
        raise RuntimeError("secret detail")

    with server.greeted() as client:
        monkeypatch.setattr("transport.rules.admission.rcpt", explode)
        client.command("MAIL FROM:<a@x.example>")
        assert str(client.command("RCPT TO:<b@acme.example>")).startswith("451 4.3.0 Local error")
        monkeypatch.undo()
        assert client.command("RCPT TO:<b@acme.example>").code == 250
        monkeypatch.setattr("transport.rules.headers.read", explode)
        client.command("DATA")
        assert str(client.data(b"x\r\n")).startswith("451 4.3.0 Local error")
    server.wait_until(lambda: server.listener._context.memory.reading.used_bytes == 0)


def test_recipients__thousands_in_one_write__let_others_have_their_turn(monkeypatch):
    """While one peer's commands are answered, another's is answered too, not after them."""
    order: list[str] = []
    flow = mail_flow(
        connector(max_recipients_per_message=10_000), organization={"max_recipient_envelope_limit": 10_000}
    )
    with running(flow) as server, server.greeted() as greedy, server.greeted() as other:
        asked = admission.rcpt

        def rcpt(ruleset, facts, sender, recipient, **options):
            order.append(str(recipient))
            return asked(ruleset, facts, sender, recipient, **options)

        monkeypatch.setattr("transport.rules.admission.rcpt", rcpt)
        for client in (greedy, other):
            client.command("MAIL FROM:<a@x.example>")
        paused = threading.Event()
        server.loop.call_soon_threadsafe(paused.wait, 5)
        greedy.send_bytes(b"".join(b"RCPT TO:<u%d@acme.example>\r\n" % i for i in range(1500)))
        other.send_bytes(b"RCPT TO:<other@acme.example>\r\n")
        time.sleep(0.1)
        paused.set()
        assert other.expect_reply().code == 250
        assert [greedy.expect_reply().code for _ in range(1500)] == [250] * 1500
    assert order.index("other@acme.example") <= 400
