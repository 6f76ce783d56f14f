"""STARTTLS and implicit TLS: nothing said in clear counts afterwards, on both event loops."""

import socket
import ssl
import subprocess

import pytest

from tests.support.listener import connector, mail_flow, running
from transport.config.objects import PermissionGroup, TlsMode

OFFERED = mail_flow(connector(tls_mode=TlsMode.OFFERED))


@pytest.fixture
def server(loop, tls_context):
    with running(OFFERED, loop=loop, tls_context=tls_context) as started:
        yield started


def test_starttls__message__arrives_and_is_told(server):
    body = b"X: 1\r\n\r\n" + b"y" * 300_000 + b"\r\n"
    sent = server.send("a@x.example", "b@acme.example", body, tls=True)
    assert sent.is_accepted
    assert server.bodies == [body]
    trace = server.intake.messages[0].body.split(b"\r\n")
    assert b"with ESMTPS" in trace[1] and b"(TLSv1.3 " in trace[2]
    assert server.intake.events[0].detail["tls"].startswith("TLSv1.3 ")


def test_starttls__what_was_said_in_clear__is_forgotten(server):
    with server.greeted() as client:
        client.command("MAIL FROM:<a@x.example>")
        client.command("RCPT TO:<b@acme.example>")
        assert client.command("STARTTLS").code == 220
        client.start_tls()
        assert client.command("RCPT TO:<b@acme.example>").code == 503
        assert client.command("MAIL FROM:<a@x.example>").text == "503 5.5.1 Say EHLO first"
        assert "STARTTLS" not in client.command("EHLO client.example").text
        assert client.command("STARTTLS").code == 503


def test_starttls__plaintext_behind_it__is_dropped(server):
    """CVE-2011-0411: commands injected before the handshake must not run after it."""
    with server.greeted() as client:
        client.send_bytes(b"STARTTLS\r\nEHLO evil\r\nMAIL FROM:<evil@x.example>\r\n")
        assert client.expect_reply().code == 220
        client.start_tls()
        assert client.command("NOOP").text.startswith("250 2.0.0")
        assert client.command("MAIL FROM:<a@x.example>").text == "503 5.5.1 Say EHLO first"


def test_starttls__no_handshake__ends_the_session(server):
    with server.greeted() as client:
        assert client.command("STARTTLS").code == 220
        client.send_bytes(b"EHLO this is no ClientHello\r\n" * 10)
        server.wait_until(lambda: server.listener.sessions == 0)


def test_starttls__peer_goes_within_the_handshake__ends_the_session(server):
    with server.greeted() as client:
        assert client.command("STARTTLS").code == 220
    server.wait_until(lambda: server.listener.sessions == 0)


def test_starttls__peer_goes_after_the_handshake__ends_the_session(server):
    with server.greeted() as client:
        client.command("STARTTLS")
        client.start_tls()
        client.command("EHLO x")
    server.wait_until(lambda: server.listener.sessions == 0)


def test_starttls__parameter__is_refused(server):
    with server.greeted() as client:
        assert client.command("STARTTLS now").text.startswith("501 5.5.4")


def test_required__in_clear__is_530(tls_context):
    with running(mail_flow(connector(tls_mode=TlsMode.REQUIRED)), tls_context=tls_context) as server:
        sent = server.send("a@x.example", "b@acme.example", b"x\r\n")
        assert str(sent.last).startswith("530 5.7.0")
        assert server.send("a@x.example", "b@acme.example", b"x\r\n", tls=True).is_accepted


def test_none__is_not_offered(tls_context):
    flow = mail_flow(connector(tls_mode=TlsMode.NONE))
    with running(flow, tls_context=tls_context) as server, server.greeted() as client:
        assert client.command("STARTTLS").text.startswith("502 5.5.1")


def test_implicit__begins_with_tls(loop, tls_context, certificate):
    flow = mail_flow(connector(tls_mode=TlsMode.IMPLICIT))
    trusted = ssl.create_default_context(cafile=str(certificate.ca))
    with running(flow, loop=loop, tls_context=tls_context) as server:
        with server.client() as client:
            client.start_tls(trusted)
            assert client.expect_reply().code == 220
            assert "STARTTLS" not in client.command("EHLO client.example").text
            assert client.command("MAIL FROM:<a@x.example>").code == 250
        with socket.create_connection(server.address()) as plain:
            plain.sendall(b"EHLO in clear\r\n")
            plain.settimeout(5)
            assert b"220" not in plain.recv(100)
        server.wait_until(lambda: server.listener.sessions == 0)


def test_implicit__no_handshake__is_cut_in_time(loop, tls_context, monkeypatch):
    """Such a connection is no session yet: no other limit would end it."""
    monkeypatch.setattr("transport.listener.stream.HANDSHAKE_TIMEOUT_S", 0.5)
    flow = mail_flow(connector(tls_mode=TlsMode.IMPLICIT))
    with (
        running(flow, loop=loop, tls_context=tls_context) as server,
        socket.create_connection(server.address(), timeout=5) as silent,
    ):
        assert silent.recv(100) == b""


def test_partners__client_certificate__is_a_permission(loop, tls_context, certificate, authority):
    flow = mail_flow(connector(permission_groups=(PermissionGroup.PARTNERS,)))
    shown = authority.issue("partner.example")
    with_certificate = ssl.create_default_context(cafile=str(certificate.ca))
    with_certificate.load_cert_chain(shown.chain, shown.key)
    with running(flow, loop=loop, tls_context=tls_context) as server:
        without = server.send("a@x.example", "b@acme.example", b"x\r\n", tls=True)
        assert str(without.last) == "530 5.7.0 Authentication required"
        sent = server.send("a@x.example", "b@acme.example", b"x\r\n", tls=with_certificate)
        assert sent.is_accepted


@pytest.mark.needs("swaks")
def test_swaks__tls__is_accepted(server):
    host, port = server.address()
    command = ["swaks", "--server", f"{host}:{port}", "--tls", "-f", "a@x.example", "-t", "b@acme.example", "-n"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "~> QUIT" in done.stdout
    assert len(server.intake.messages) == 1


def test_requiretls__over_tls__stays_with_the_message(server):
    """RFC 8689: what it asks of the next hop is delivery's to keep, for as long as the message lives."""
    sent = server.send("a@x.example", "b@acme.example", b"x\r\n", tls=True, mail_parameters="REQUIRETLS")
    assert sent.is_accepted and server.intake.messages[0].requires_tls
    assert server.send("a@x.example", "b@acme.example", b"x\r\n", tls=True).is_accepted
    assert not server.intake.messages[1].requires_tls
