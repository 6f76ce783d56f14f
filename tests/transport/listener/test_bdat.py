"""BDAT against the running listener: any cutting, the same message; what is refused is never taken for commands."""

import itertools
import ssl

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.listener import connector, mail_flow, running
from tests.support.smtp import Disconnected
from transport.listener import data as data_module
from transport.listener import deadlines
from transport.model.envelope import BodyType

START = b"MAIL FROM:<a@x.example> BODY=BINARYMIME\r\nRCPT TO:<b@acme.example>\r\n"
TEXT = b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@acme.example>\r\n"
SLOW = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def bdat(octets: bytes, *, is_last: bool = False) -> bytes:
    return b"BDAT %d%s\r\n" % (len(octets), b" LAST" if is_last else b"") + octets


def codes(client, count: int) -> list[int]:
    return [client.expect_reply().code for _ in range(count)]


def held(server) -> int:
    return server.listener._context.memory.reading.used_bytes


@pytest.fixture(scope="module")
def shared():
    with running(mail_flow(connector(max_protocol_errors=0))) as started:
        yield started


@SLOW
@given(
    content=st.binary(max_size=120),
    cuts=st.lists(st.integers(0, 120), max_size=4),
    packets=st.lists(st.integers(0, 400), max_size=6),
)
def test_any_chunks_in_any_packets__give_the_same_message(shared, content, cuts, packets):
    whole = b"X: 1\r\n\r\n" + content
    edges = [0, *sorted(cut % (len(whole) + 1) for cut in cuts), len(whole)]
    chunks = [whole[a:b] for a, b in itertools.pairwise(edges)]
    script = START + b"".join(map(bdat, chunks[:-1])) + bdat(chunks[-1], is_last=True) + b"QUIT\r\n"
    places = [0, *sorted(place % len(script) for place in packets), len(script)]
    with shared.greeted() as client:
        for a, b in itertools.pairwise(places):
            client.send_bytes(script[a:b])
        assert codes(client, 3 + len(chunks)) == [250] * (2 + len(chunks)) + [221]
        client.expect_close()
    assert shared.bodies[-1] == whole
    assert shared.intake.messages[-1].body_type is BodyType.BINARY_MIME
    assert held(shared) == 0


PIECES = st.sampled_from(
    [
        b"EHLO x\r\n",
        TEXT,
        START,
        b"DATA\r\n",
        b"RSET\r\n",
        b"NOOP\r\n",
        b".\r\n",
        b"\r\n.\r\n",
        b"\n",
        b"\r",
        b"\x00",
        b"BDAT 0\r\n",
        b"BDAT 0 LAST\r\n",
        b"BDAT 5\r\nQUIT\r\n",
        b"BDAT 9 LAST\r\nX: 1\r\n\r\n.",
        b"BDAT 99999999999999999999\r\n",
        b"BDAT -1\r\n",
        b"BDAT 1 2\r\n",
        b"BDAT\r\n",
        b"BDAT 40000000\r\n",
        b"x" * 3000,
        b"QUIT\r\n",
        b"AUTH PLAIN\r\n",
        b"STARTTLS\r\n",
        b"VRFY a\r\n",
        b"HELP\r\n",
        b"XCLIENT ADDR=192.0.2.1\r\n",
        b"HELO x\r\n",
        b"\xff\r\n",
    ]
)


@SLOW
@given(pieces=st.lists(PIECES, max_size=14), places=st.lists(st.integers(0, 400), max_size=5))
def test_fuzz__nothing_breaks_and_nothing_is_left(shared, pieces, places):
    script = b"EHLO x\r\n" + b"".join(pieces)
    edges = [0, *sorted(place % len(script) for place in places), len(script)]
    with shared.client() as client:
        try:
            for a, b in itertools.pairwise(edges):
                client.send_bytes(script[a:b])
            client._socket.shutdown(1)
            while True:
                reply = client.expect_reply()
                assert "Local error" not in reply.text
        except (Disconnected, OSError):
            pass
    shared.wait_until(lambda: shared.listener.sessions == 0)
    assert held(shared) == 0


@pytest.mark.parametrize("is_rejected", [True, False])
def test_text__bare_line_ends__are_refused_or_normalised(is_rejected):
    with running(mail_flow(connector(is_bare_linefeed_rejected=is_rejected))) as server, server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"X: 1\r\n\r\na\n.\nb\r", is_last=True))
        assert codes(client, 3) == [250, 250, 550 if is_rejected else 250]
    assert server.bodies == ([] if is_rejected else [b"X: 1\r\n\r\na\r\n.\r\nb\r\n\r\n"])
    assert len(server.refusals) == is_rejected


def test_binary__bare_line_end_in_the_header__is_refused():
    """The header is lines whatever the body is; a next server would read another header."""
    with running(mail_flow(connector(is_bare_linefeed_rejected=False))) as server, server.greeted() as client:
        client.send_bytes(START + bdat(b"X: 1\nY: 2\r\n\r\n\n\r", is_last=True))
        assert codes(client, 3) == [250, 250, 550]


def test_chunk_over_the_limit__is_swallowed_and_refused_at_once():
    with running(mail_flow(connector(max_message_size="1 MB"))) as server, server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"x" * 500_000) + bdat(b"QUIT\r\n" * 100_000) + b"NOOP\r\n")
        assert codes(client, 5) == [250, 250, 250, 552, 250]
        assert held(server) == 0
        client.send_bytes(bdat(b"y" * 10, is_last=True))
        assert str(client.expect_reply()).startswith("503 5.5.1 A chunk of this message was refused")
        client.send_bytes(TEXT + bdat(b"X: 1\r\n\r\n", is_last=True))
        assert codes(client, 3) == [250, 250, 250]
    assert "1 MB" in server.refusals[0].reason
    assert len(server.bodies) == 1


def test_last_chunk_over_the_limit__is_552_and_the_transaction_is_over():
    with running(mail_flow(connector(max_message_size="1 MB"))) as server, server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"x" * 1_048_577, is_last=True) + TEXT + bdat(b"\r\n", is_last=True))
        assert codes(client, 6) == [250, 250, 552, 250, 250, 250]
        assert held(server) == 0


def test_chunk_far_over_the_limit__is_refused_and_closed(monkeypatch):
    monkeypatch.setattr(data_module, "HARD_CAP_BYTES", 1_000_000)
    with running(mail_flow(connector(max_message_size="1 MB"))) as server, server.greeted() as client:
        client.send_bytes(TEXT + b"BDAT 99999999999999999999 LAST\r\n")
        assert codes(client, 3) == [250, 250, 552]
        client.expect_close()
        server.wait_until(lambda: server.listener.sessions == 0 and held(server) == 0)


@pytest.mark.parametrize("ending", [b"RSET\r\n", b"EHLO x\r\n", b"QUIT\r\n"])
def test_transaction_ended_between_chunks__gives_the_memory_back(server, ending):
    with server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"x" * 100_000) + ending)
        codes(client, 4)
        server.wait_until(lambda: held(server) == 0)


def test_starttls__chunks_sent_in_clear__are_forgotten(loop, tls_context):
    with running(loop=loop, tls_context=tls_context) as server, server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"x" * 1000))
        assert codes(client, 3) == [250, 250, 250]
        assert client.command("STARTTLS").code == 220
        client.start_tls()
        client.send_bytes(b"EHLO x\r\n" + bdat(b"evil", is_last=True))
        assert codes(client, 2) == [250, 503]
        assert held(server) == 0 and server.bodies == []


def test_starttls__pipelined_behind_a_chunk__is_a_chunk(loop, tls_context):
    with running(loop=loop, tls_context=tls_context) as server, server.greeted() as client:
        client.send_bytes(TEXT + bdat(b"STARTTLS\r\n", is_last=True))
        assert codes(client, 3) == [250, 250, 250]
    assert server.bodies == [b"STARTTLS\r\n"]


@pytest.mark.parametrize("way", ["close_notify", "reset", "more_after_close_notify"])
def test_tls__peer_closes_in_mid_chunk__nothing_is_left(loop, tls_context, way):
    """Exim CVE-2026-45185: close_notify while BDAT reads, then octets in clear on the same connection."""
    with running(loop=loop, tls_context=tls_context) as server:
        with server.greeted() as client:
            client.command("STARTTLS")
            client.start_tls()
            client.send_bytes(b"EHLO x\r\n" + TEXT + b"BDAT 100000\r\n" + b"x" * 50_000)
            assert codes(client, 3) == [250, 250, 250]
            server.wait_until(lambda: held(server) >= 50_000)
            tls: ssl.SSLSocket = client._socket  # type: ignore[assignment]
            if way != "reset":
                tls.settimeout(2)
                try:
                    plain = tls.unwrap()
                    if way == "more_after_close_notify":
                        plain.sendall(b"x" * 49_999 + b"\r\nMAIL FROM:<evil@x.example>\r\n")
                except OSError:
                    pass
        server.wait_until(lambda: server.listener.sessions == 0)
        assert held(server) == 0 and server.bodies == []


def test_drip_of_a_chunk__too_slow__is_421(monkeypatch):
    monkeypatch.setattr("transport.rules.limits.DATA_GRACE_S", 0.3)
    monkeypatch.setattr(deadlines, "LOOK_EVERY_S", 0.1)
    with running() as server, server.greeted() as client:
        client.send_bytes(TEXT + b"BDAT 1000\r\nx")
        codes(client, 2)
        assert client.expect_reply().text.startswith("421 4.4.2")
        server.wait_until(lambda: held(server) == 0)


def test_switched_off__is_502_and_its_octets_are_dropped():
    flow = mail_flow(connector(is_chunking_enabled=False))
    with running(flow) as server, server.greeted() as client:
        assert not {"CHUNKING", "BINARYMIME"} & set(client.command("EHLO x").lines)
        client.send_bytes(TEXT + bdat(b"QUIT\r\n"))
        assert codes(client, 3) == [250, 250, 502]
        assert client.command("RSET").code == 250
        assert client.command("MAIL FROM:<a@x.example> BODY=BINARYMIME").text.startswith("501 5.5.4")
