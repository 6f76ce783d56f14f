"""The certificate that a peer really sees, by connector and by the name it asks for; and those that clients show."""

import datetime
import shutil
import socket
import ssl

import pytest
from cryptography import x509

from tests.support.listener import connector, mail_flow, running
from transport.certificates import own
from transport.certificates.store import CertificateStore
from transport.config.objects import PermissionGroup, TlsMode

V1 = b"PROXY TCP4 198.51.100.7 10.0.0.9 5000 25\r\n"


@pytest.fixture
def store(tmp_path, authority):
    own.ensure_self_signed(tmp_path, hostname="relay.test", now=datetime.datetime.now(datetime.UTC))
    for name in ("one.test", "two.test"):
        made = authority.issue(name)
        shutil.copy(made.chain, tmp_path / f"{name}.pem")
        shutil.copy(made.key, tmp_path / f"{name}.key")
    shutil.copy(authority.path, tmp_path / "client-ca.pem")
    return CertificateStore(tmp_path, hostname="relay.test")


def trusting(authority, name, **files):
    """A client's context that verifies ``name``, and shows a certificate where one is given."""
    context = ssl.create_default_context(cafile=str(authority.path))
    if files:
        context.load_cert_chain(files["chain"], files["key"])
    return context


def name_seen(server, authority, asked, *, begins_with_tls=False, first=b""):
    """The common name that the server shows to a peer that asks for ``asked`` by SNI (or not at all)."""
    context = ssl.create_default_context(cafile=str(authority.path))
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    with socket.create_connection(server.address(), timeout=10) as plain:
        if not begins_with_tls:
            plain.recv(1000)
            plain.sendall(b"EHLO x\r\n")
            assert b"STARTTLS" in plain.recv(1000)
            plain.sendall(b"STARTTLS\r\n")
            assert plain.recv(1000).startswith(b"220")
            return shaken(context, plain, asked)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        client = context.wrap_bio(incoming, outgoing, server_hostname=asked)
        with pytest.raises(ssl.SSLWantReadError):
            client.do_handshake()
        plain.sendall(first + outgoing.read())  # the ClientHello in one packet with what comes before it
        while True:
            incoming.write(plain.recv(65536))
            try:
                client.do_handshake()
                break
            except ssl.SSLWantReadError:
                continue
        return leaf_name(client.getpeercert(binary_form=True))


def shaken(context, plain, asked):
    with context.wrap_socket(plain, server_hostname=asked) as secured:
        return leaf_name(secured.getpeercert(binary_form=True))


def leaf_name(octets):
    return x509.load_der_x509_certificate(octets).subject.rfc4514_string()


@pytest.mark.parametrize(
    ("fields", "asked", "seen"),
    [
        ({}, "one.test", "CN=one.test"),
        ({}, "two.test", "CN=two.test"),
        ({}, "unknown.test", "CN=relay.test"),
        ({}, None, "CN=relay.test"),
        ({"fqdn": "two.test"}, None, "CN=two.test"),
        ({"fqdn": "two.test"}, "one.test", "CN=one.test"),
        ({"tls_certificate_name": "one.test"}, "two.test", "CN=one.test"),
    ],
)
def test_starttls__certificate__by_setting_or_the_name_asked_for(loop, store, authority, fields, asked, seen):
    with running(mail_flow(connector(**fields)), loop=loop, certificates=store) as server:
        assert name_seen(server, authority, asked) == seen


def test_implicit__two_connectors_of_one_binding__each_show_their_own(loop, store, authority):
    fields = {"tls_mode": TlsMode.IMPLICIT}
    narrow = connector(id="n", name="N", remote_ip_ranges=("127.0.0.1",), tls_certificate_name="two.test", **fields)
    with running(mail_flow(connector(**fields), narrow), loop=loop, certificates=store) as server:
        assert name_seen(server, authority, None, begins_with_tls=True) == "CN=two.test"


def test_implicit__behind_a_proxy__its_header_comes_in_clear_in_the_same_packet(loop, store, authority):
    flow = mail_flow(connector(tls_mode=TlsMode.IMPLICIT, proxy_networks=("127.0.0.1",)))
    with running(flow, loop=loop, certificates=store) as server:
        assert name_seen(server, authority, "one.test", begins_with_tls=True, first=V1) == "CN=one.test"
        server.wait_until(lambda: server.listener.sessions == 0)


def test_implicit__one_connection_too_many__is_told_and_closed_without_a_word(loop, store):
    flow = mail_flow(connector(tls_mode=TlsMode.IMPLICIT, max_inbound_connections_per_source=1))
    with running(flow, loop=loop, certificates=store) as server, socket.create_connection(server.address()):
        server.wait_until(lambda: server.listener.sessions == 1)
        with socket.create_connection(server.address(), timeout=5) as second:
            assert second.recv(100) == b""
        assert server.refusals[0].detail["limit"] == "MaxInboundConnectionPerSource"


def test_renewed__the_next_handshake__shows_it(tmp_path, store, authority):
    with running(mail_flow(connector(fqdn="three.test")), certificates=store) as server:
        assert name_seen(server, authority, None) == "CN=relay.test"
        made = authority.issue("three.test")
        shutil.copy(made.chain, tmp_path / "three.test.pem")
        shutil.copy(made.key, tmp_path / "three.test.key")
        assert server.call(store.refresh)
        assert name_seen(server, authority, None) == "CN=three.test"


def test_client_certificate__of_a_listed_authority__is_a_fact_of_the_session(store, authority):
    flow = mail_flow(connector(permission_groups=(PermissionGroup.PARTNERS,), tls_certificate_name="one.test"))
    shown = authority.issue("partner.example")
    context = trusting(authority, "one.test", chain=shown.chain, key=shown.key)
    context.check_hostname = False
    with running(flow, certificates=store) as server:
        assert server.send("a@x.example", "b@acme.example", b"x\r\n", tls=context).is_accepted
        detail = server.intake.events[0].detail
        assert (len(detail["client_certificate"]), detail["client_subject"]) == (64, "commonName=partner.example")
        refused = server.send("a@x.example", "b@acme.example", b"x\r\n", tls=True)
        assert str(refused.last) == "530 5.7.0 Authentication required"


def test_client_certificate__of_nobody_known__ends_the_handshake_and_is_told(store, tmp_path):
    flow = mail_flow(connector(is_client_certificate_requested=True))
    with running(flow, certificates=store) as server, server.greeted() as client:
        client.command("STARTTLS")
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        context.maximum_version = ssl.TLSVersion.TLSv1_2
        context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
        with pytest.raises((ssl.SSLError, ConnectionError)):
            client.start_tls(context)
        server.wait_until(lambda: server.refusals)
    assert server.refusals[0].reason.startswith("Receive connector Default: the TLS handshake failed: ")
    assert "self" in server.refusals[0].reason


def test_client_certificate__without_authorities__is_not_asked_for(store, tmp_path):
    """A peer that shows one of its own would fail, and its mail with it."""
    (tmp_path / "client-ca.pem").unlink()
    store.refresh()
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    flow = mail_flow(connector(is_client_certificate_requested=True))
    with running(flow, certificates=store) as server:
        assert server.send("a@x.example", "b@acme.example", b"x\r\n", tls=context).is_accepted
    assert "client-ca.pem is not on this node" in store.presented(flow.receive_connectors[0], now=0).problem


def test_no_certificate__starttls_is_not_offered(tmp_path):
    (tmp_path / "empty").mkdir()
    bare = CertificateStore(tmp_path / "empty", hostname="relay.test")
    flow = mail_flow(connector(tls_mode=TlsMode.REQUIRED))
    with running(flow, certificates=bare) as server, server.greeted() as client:
        assert client.command("STARTTLS").code == 502
        assert client.command("MAIL FROM:<a@x.example>").code == 530
