"""The sockets: opened and closed as the configuration says, all or nothing; drained at the end."""

import contextlib
import socket
import threading
import time

import pytest

from tests.support.listener import connector, mail_flow, running
from tests.support.pace import at_pace
from tests.support.ports import free_port
from tests.support.smtp import Disconnected, send
from transport.config.objects import TlsMode
from transport.listener.server import ListenError

MAIL = ("a@x.example", "b@acme.example", b"x\r\n")


@pytest.fixture
def taken():
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def is_listening(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def test_start__port_taken__names_connector_and_address(taken, loop):
    flow = mail_flow(connector(bindings=(f"127.0.0.1:{taken}",)))
    with pytest.raises(ListenError) as refused, running(flow, loop=loop):
        pass
    said = f"Connector Default can't listen on 127.0.0.1:{taken}: the port is taken by another program"
    assert str(refused.value) == said


def test_start__address_of_another_machine__says_so():
    flow = mail_flow(connector(bindings=("192.0.2.1:2525",)))
    said = r"192\.0\.2\.1:2525: this machine does not have that address"
    with pytest.raises(ListenError, match=said), running(flow):
        pass


def test_start__implicit_tls_without_certificate__is_refused():
    flow = mail_flow(connector(bindings=("submission",), tls_mode=TlsMode.IMPLICIT))
    with pytest.raises(ListenError, match="there is no certificate"), running(flow):
        pass


def test_start__port_shared_with_a_second_process__both_listen(loop):
    port = free_port()
    flow = mail_flow(connector(bindings=(f"127.0.0.1:{port}",)))
    with running(flow, loop=loop) as one, running(flow, loop=loop) as two:
        until = time.monotonic() + 5
        while not (one.intake.messages and two.intake.messages) and time.monotonic() < until:
            assert send("127.0.0.1", port, *MAIL).is_accepted
        assert one.intake.messages and two.intake.messages


def test_apply__other_bindings__opens_and_closes(loop):
    one, two = free_port(), free_port()
    with running(mail_flow(connector(bindings=(f"127.0.0.1:{one}",))), loop=loop) as server:
        with server.greeted(f"127.0.0.1:{one}") as client:
            server.apply(mail_flow(connector(bindings=(f"127.0.0.1:{two}",))))
            assert (is_listening(one), is_listening(two)) == (False, True)
            assert client.command("MAIL FROM:<a@x.example>").code == 250
        assert server.listener.listening == (f"127.0.0.1:{two}",)


def test_apply__one_binding_cannot_be_opened__changes_nothing(taken, loop):
    one, two = free_port(), free_port()
    with running(mail_flow(connector(bindings=(f"127.0.0.1:{one}",))), loop=loop) as server:
        wanted = mail_flow(connector(bindings=(f"127.0.0.1:{two}", f"127.0.0.1:{taken}"), fqdn="new.test"))
        with pytest.raises(ListenError):
            server.apply(wanted)
        assert (is_listening(one), is_listening(two)) == (True, False)
        with server.client(f"127.0.0.1:{one}") as client:
            assert "relay.test" in client.expect_reply().text


def test_apply__same_address_by_two_bindings__is_refused():
    with running() as server:
        port = server.address()[1]
        server.listener._named["smtp"] = ("127.0.0.1", port)
        wanted = mail_flow(connector(), connector(id="z", name="Second", bindings=(f"127.0.0.1:{port}",)))
        with pytest.raises(ListenError, match=f"Connector Second can't listen on 127.0.0.1:{port}: connector Default"):
            server.apply(wanted)


def test_apply__session_in_progress__ends_under_its_revision():
    with running() as server, server.greeted() as client:
        server.apply(mail_flow(connector(), accepted_domains=()))
        client.command("MAIL FROM:<a@x.example>")
        assert client.command("RCPT TO:<b@acme.example>").code == 250
        assert not server.send(*MAIL).is_accepted
        assert server.refusals[0].revision == 2


def test_apply__implicit_instead_of_starttls__begins_with_tls(tls_context, loop):
    port = free_port()
    flow = mail_flow(connector(bindings=(f"127.0.0.1:{port}",)))
    with running(flow, loop=loop, tls_context=tls_context) as server:
        server.apply(mail_flow(connector(bindings=(f"127.0.0.1:{port}",), tls_mode=TlsMode.IMPLICIT)))
        with server.client(f"127.0.0.1:{port}") as client:
            client.start_tls()
            assert client.expect_reply().code == 220


def test_drain__idle_sessions__are_told_and_a_transaction_ends(loop):
    with running(loop=loop) as server, server.greeted() as idle, server.greeted() as busy:
        busy.command("MAIL FROM:<a@x.example>")
        busy.command("RCPT TO:<b@acme.example>")
        address = server.address()
        draining = threading.Thread(target=lambda: server.run(server.listener.drain(5)))
        draining.start()
        assert idle.expect_reply().text.startswith("421 4.3.2")
        idle.expect_close()
        assert not is_listening(address[1])
        busy.command("DATA")
        assert busy.data(b"x\r\n").code == 250
        assert busy.expect_reply().text.startswith("421 4.3.2")
        busy.expect_close()
        draining.join(timeout=5)
        assert not draining.is_alive()
        assert len(server.intake.messages) == 1


def test_drain__transaction_without_end__is_cut_in_time(loop):
    with running(loop=loop) as server, server.greeted() as client:
        client.command("MAIL FROM:<a@x.example>")
        began = time.monotonic()
        server.run(server.listener.drain(0.3))
        assert time.monotonic() - began < at_pace(3)
        assert client.expect_reply().text.startswith("421 4.3.2")
        with pytest.raises(Disconnected):
            client.command("NOOP")
        assert server.listener.sessions == 0


def test_connection__sends_without_delay(loop):
    """Nagle with delayed acknowledgements throttles a client to tens of messages a second."""
    with running(loop=loop) as server, server.greeted():
        (session,) = server.listener._context.sessions
        connection = session._transport.get_extra_info("socket")
        assert connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) == 1
