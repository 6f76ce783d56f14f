"""The audit on its way to a syslog host: the message, the frame, and what happens while the host is away."""

from __future__ import annotations

import contextlib
import select
import socket
import ssl
import threading
import time
from datetime import UTC, datetime

import pytest

from mailconsole.audit import send_syslog as sending
from mailconsole.audit import services
from mailconsole.audit.models import AuditExport
from mailconsole.audit.send_syslog import send_syslog
from mailconsole.audit.syslog import framed, message_of
from mailconsole.environment import EnvironmentRefused, SyslogTarget, read_environment
from tests.support.factories import create_auditor, signed_in

NOW = datetime(2026, 11, 27, 15, 0, tzinfo=UTC)
ENTRY = {
    "number": 7,
    "at": NOW,
    "actor_name": "eve",
    "action": "change.edited",
    "object_kind": "change",
    "object_id": "3",
    "summary": "Rêlay\n<13>1 forged",
    "reason": 'a "quote" ] \\ and\r\nmore',
    "peer": "10.0.0.1",
    "request_id": "",
    "via": "",
    "digest": "abc",
}


def test_message__is_rfc_5424_and_hostile_text_cant_end_it():
    assert message_of(ENTRY, host="console 1") == (
        b"<109>1 2026-11-27T15:00:00.000000Z console_1 mailconsole - change.edited "
        b'[audit@32473 number="7" actor_name="eve" object_kind="change" object_id="3" '
        b'reason="a \\"quote\\" \\] \\\\ and??more" peer="10.0.0.1" digest="abc"] '
        b"\xef\xbb\xbfeve: R\xc3\xaalay?<13>1 forged"
    )


def test_message__longer_than_may_be__is_cut_within_no_character():
    cut = message_of(ENTRY | {"summary": "é" * 5000}, host="h", most=2048)
    assert 2046 <= len(cut) <= 2048 and cut.decode().endswith("é")


def test_frame__counts_octets():
    assert framed("é".encode()) == b"2 \xc3\xa9"


class Host:
    """Takes everything that one connection after another brings; over TLS it closes without an answer, as rsyslog."""

    def __init__(self, context: ssl.SSLContext | None = None, port: int = 0, late_s: float = 0) -> None:
        self._late_s = late_s
        self._listening = socket.create_server(("127.0.0.1", port))
        self.port = self._listening.getsockname()[1]
        self.taken = b""
        self._context = context
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                plain, _ = self._listening.accept()
                with self._secured(plain) as connection:
                    while data := connection.recv(65536):
                        self.taken += data
            except ssl.SSLError:
                continue
            except OSError:
                return

    def _secured(self, plain: socket.socket) -> socket.socket:
        """`late_s` passes between the host's part of the handshake and its look at what the client answered."""
        if self._context is None:
            return plain
        secure = self._context.wrap_socket(plain, server_side=True, do_handshake_on_connect=False)
        if self._late_s:
            select.select([secure], [], [], 5)
            secure.setblocking(False)
            with contextlib.suppress(ssl.SSLWantReadError):
                secure.do_handshake()
            time.sleep(self._late_s)
            secure.setblocking(True)
        secure.do_handshake()
        return secure

    def close(self) -> None:
        self._listening.shutdown(socket.SHUT_RDWR)  # else it goes on listening for the thread that waits in accept
        self._listening.close()
        self._thread.join(5)


@pytest.fixture
def host():
    host = Host()
    yield host
    host.close()


def record(count=1):
    for number in range(count):
        services.record(actor=None, action="test.done", object_kind="test", object_id=str(number), summary="Did it")


def sent_to(settings, scheme, port):
    settings.AUDIT_SYSLOG = SyslogTarget(scheme, "127.0.0.1", port)
    return send_syslog(now=NOW)


@pytest.mark.django_db
def test_send__over_tcp__each_entry_once_and_in_order(settings, host):
    record(3)
    assert sent_to(settings, "tcp", host.port) == 3
    assert sent_to(settings, "tcp", host.port) == 0
    record()
    assert sent_to(settings, "tcp", host.port) == 1
    found = [part.split(b'"')[0] for part in host.taken.split(b'number="')[1:]]
    assert found == [b"1", b"2", b"3", b"4"]


@pytest.mark.django_db
def test_send__host_away__entries_wait_and_the_page_says_why(settings):
    record(2)
    away = Host()
    away.close()
    assert sent_to(settings, "tcp", away.port) == 0
    export = AuditExport.objects.get()
    assert (export.number, export.problem, export.tried_at) == (0, "Connection refused", NOW)
    page = signed_in(create_auditor()).get("/audit/").content.decode()
    assert "2 entries wait: Connection refused. It is tried again" in page
    back = Host(port=away.port)
    assert sent_to(settings, "tcp", back.port) == 2
    back.close()
    assert AuditExport.objects.get().problem == ""


@pytest.mark.django_db
def test_send__over_udp__one_datagram_an_entry(settings):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taking:
        taking.bind(("127.0.0.1", 0))
        taking.settimeout(5)
        record(2)
        assert sent_to(settings, "udp", taking.getsockname()[1]) == 2
        assert [taking.recv(4096)[:6] for _ in range(2)] == [b"<109>1", b"<109>1"]


@pytest.mark.django_db
def test_send__over_tls__only_to_a_host_that_proves_its_name(settings, monkeypatch, authority, certificate):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    host = Host(context)
    record(2)
    assert sent_to(settings, "tls", host.port) == 0
    assert AuditExport.objects.get().problem.startswith("its certificate is not trusted")
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    assert sent_to(settings, "tls", host.port) == 2
    host.close()
    assert host.taken.count(b"<109>1 ") == 2


@pytest.mark.django_db
@pytest.mark.parametrize("late_s", [0, 1])
def test_send__over_tls_13_to_a_host_that_wants_our_certificate__nothing_counts_as_sent(
    settings, monkeypatch, authority, certificate, late_s
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    context.minimum_version, context.verify_mode = ssl.TLSVersion.TLSv1_3, ssl.CERT_REQUIRED
    host = Host(context, late_s=late_s)
    record(2)
    assert sent_to(settings, "tls", host.port) == 0
    host.close()
    export = AuditExport.objects.get()
    assert export.number == 0 and host.taken == b""
    assert export.problem in ("TLS failed: tlsv13 alert certificate required", "Connection reset by peer")
    context.verify_mode = ssl.CERT_NONE
    host = Host(context, port=host.port)
    assert sent_to(settings, "tls", host.port) == 2
    host.close()
    assert host.taken.count(b"<109>1 ") == 2


@pytest.mark.django_db
def test_send__over_tls_and_the_host_falls_silent__nothing_counts_as_sent(
    settings, monkeypatch, authority, certificate
):
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.path))
    monkeypatch.setattr(sending, "TIMEOUT_S", 0.5)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.chain, certificate.key)
    host = Host(context, late_s=2)
    record()
    assert sent_to(settings, "tls", host.port) == 0
    assert AuditExport.objects.get().problem == "it did not answer in time"
    host.close()


@pytest.mark.django_db
def test_send__no_host_set__does_nothing(settings):
    settings.AUDIT_SYSLOG = None
    record()
    assert send_syslog(now=NOW) == 0 and not AuditExport.objects.exists()


@pytest.mark.parametrize("value", ["logs:514", "http://logs:1", "udp://:514", "tcp://logs", "tls://logs:99999"])
def test_setting__that_is_no_target__is_refused(value):
    with pytest.raises(EnvironmentRefused, match="MAILCONSOLE_AUDIT_SYSLOG"):
        read_environment({"MAILCONSOLE_AUDIT_SYSLOG": value})


def test_setting__is_parsed():
    assert read_environment({"MAILCONSOLE_AUDIT_SYSLOG": "tls://[::1]:6514"}).audit_syslog == SyslogTarget(
        "tls", "::1", 6514
    )
    assert read_environment({}).audit_syslog is None
