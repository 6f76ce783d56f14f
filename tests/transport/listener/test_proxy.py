"""Behind a proxy: only listed ones are believed, and none of them lends its own address to a client (hostile.md)."""

import pytest

from tests.support.listener import Passwords, connector, mail_flow, running
from tests.transport.listener.test_proxy_header import version_2
from transport.config.objects import PermissionGroup, RelayPolicy
from transport.model.event import EventId

PROXY = {"proxy_networks": ("127.0.0.1",)}
XCLIENT = {**PROXY, "proxy_protocol": "XCLIENT"}
V1 = b"PROXY TCP4 198.51.100.7 10.0.0.9 5000 25\r\n"
TRUSTED = RelayPolicy(
    id="inside", name="Inside", networks=("127.0.0.0/8", "10.1.1.1"), owner="o", purpose="p", is_broad_override=True
)
RELAY = b"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@elsewhere.example>\r\n"


def flow(*connectors, **fields):
    return mail_flow(*(connectors or (connector(**fields),)), relay_policies=(TRUSTED,))


def codes(client, count):
    return [client.expect_reply().code for _ in range(count)]


@pytest.mark.parametrize("header", [V1, version_2("198.51.100.7")])
def test_open_relay__through_a_proxy_in_a_trusted_network__is_refused(loop, header):
    """mailcow#1145, Mailu#332, docker-mailserver#1405: the client's mail seemed to come from the gateway."""
    with running(flow(**PROXY), loop=loop) as server, server.client() as client:
        client.send_bytes(header + RELAY)
        assert codes(client, 4) == [220, 250, 250, 550]
        refusal = server.refusals[0]
        assert (refusal.peer, refusal.detail["proxy"]) == ("198.51.100.7", "127.0.0.1")


def test_header__client_that_a_policy_names__may_relay_and_is_in_received(loop):
    header = V1.replace(b"198.51.100.7", b"10.1.1.1")
    with running(flow(**PROXY), loop=loop) as server, server.client() as client:
        for octet in header:
            client.send_bytes(bytes([octet]))
        client.send_bytes(RELAY + b"DATA\r\nx\r\n.\r\n")
        assert codes(client, 6) == [220, 250, 250, 250, 354, 250]
    assert server.intake.messages[0].body.startswith(b"Received: from x ([10.1.1.1])")
    assert server.intake.happened(EventId.RECEIVE)[0].detail["proxy"] == "127.0.0.1"


@pytest.mark.parametrize("header", [b"PROXY UNKNOWN\r\n", version_2("10.1.1.1", command=0x20)])
def test_header__proxy_speaks_for_itself__is_greeted_but_sends_nothing(header):
    with running(flow(**PROXY)) as server, server.client() as client:
        client.send_bytes(header + RELAY)
        assert codes(client, 4) == [220, 250, 554, 503]
        assert "did not say who its client is" in server.refusals[0].reason


def test_header__missing__ends_the_connection_and_nothing_is_guessed(loop):
    with running(flow(**PROXY), loop=loop) as server, server.client() as client:
        client.send_bytes(RELAY)
        assert client.expect_reply().text == "554 5.7.1 Access denied"
        client.expect_close()
        assert "did not begin with a PROXY header" in server.refusals[0].reason


def test_header__from_a_peer_that_is_not_listed__is_no_header():
    with running(flow(**PROXY)) as server, server.client(source_address="127.0.0.2") as client:
        client.send_bytes(V1.replace(b"198.51.100.7", b"10.1.1.1") + RELAY)
        assert codes(client, 4) == [220, 500, 250, 250]
        assert client.expect_reply().code == 250  # by the policy for 127.0.0.0/8, as the peer that it is
        client.send_bytes(b"DATA\r\nx\r\n.\r\n")
        assert codes(client, 2) == [354, 250]
    assert server.intake.messages[0].peer == "127.0.0.2"


def test_header__not_sent__is_cut_in_time(monkeypatch):
    short = connector(id="none", name="none", connection_inactivity_timeout=1, connection_timeout=2)
    monkeypatch.setattr("transport.listener.opening._NOBODY", short)
    with running(flow(**PROXY)) as server, server.client() as client:
        assert client.expect_reply().text.startswith("421 4.4.2")
        client.expect_close()


def test_header__names_a_client_of_another_connector__which_does_not_list_the_proxy__is_refused():
    """Whoever may reach a narrow connector through a proxy is that connector's to say."""
    narrow = connector(id="narrow", name="Narrow", remote_ip_ranges=("10.1.1.1",))
    with running(flow(connector(**PROXY), narrow)) as server, server.client() as client:
        client.send_bytes(V1.replace(b"198.51.100.7", b"10.1.1.1"))
        assert client.expect_reply().text == "554 5.7.1 Access denied"
        assert "through the proxy 127.0.0.1, which the connector does not list" in server.refusals[0].reason


def test_limits__count_the_client_not_the_proxy():
    with running(flow(**PROXY, max_inbound_connections_per_source=1)) as server:
        with server.client() as one, server.client() as two, server.client() as again:
            one.send_bytes(V1)
            two.send_bytes(V1.replace(b"198.51.100.7", b"198.51.100.8"))
            assert (one.expect_reply().code, two.expect_reply().code) == (220, 220)
            again.send_bytes(V1)
            assert again.expect_reply().code == 421
        server.wait_until(lambda: server.listener._context.connections._by_source == {})


def test_block_list__holds_for_the_client():
    blocked = mail_flow(connector(**PROXY), ip_block_list=({"network": "198.51.100.0/24"},))
    with running(blocked) as server, server.client() as client:
        client.send_bytes(V1)
        assert client.expect_reply().code == 554


def test_banner_delay__begins_behind_the_header():
    with running(flow(**PROXY, banner_delay=1)) as server, server.client() as early, server.client() as patient:
        early.send_bytes(V1 + b"EHLO x\r\n")
        patient.send_bytes(V1.replace(b".7", b".8"))
        assert (early.expect_reply().code, patient.expect_reply().code) == (554, 220)


def test_xclient__names_the_client__and_the_session_begins_anew(loop):
    with running(flow(**XCLIENT), loop=loop) as server, server.client() as client:
        assert client.expect_reply().code == 220
        assert "250 XCLIENT NAME ADDR PORT PROTO HELO" in client.command("EHLO proxy").text
        assert client.command("MAIL FROM:<a@x.example>").text == "554 5.7.1 Access denied"
        assert client.command("XCLIENT ADDR=198.51.100.7 PORT=99 NAME=[UNAVAILABLE]").code == 220
        assert client.command("MAIL FROM:<a@x.example>").text.startswith("503 5.5.1 Say EHLO")
        client.send_bytes(RELAY)
        assert codes(client, 3) == [250, 250, 550]
        assert server.refusals[-1].peer == "198.51.100.7"


def test_xclient__not_sent__the_proxy_itself_sends_nothing():
    with running(flow(**XCLIENT)) as server, server.client() as client:
        client.send_bytes(RELAY)
        assert codes(client, 4) == [220, 250, 554, 503]


def test_xclient__with_helo__needs_no_ehlo():
    with running(flow(**XCLIENT)) as server, server.greeted() as client:
        client.command("XCLIENT ADDR=IPV6:2001:db8::1 HELO=mail+2Eexample PROTO=ESMTP")
        assert client.command("MAIL FROM:<a@x.example> SIZE=1").code == 250
        (session,) = server.listener._context.sessions
        assert (session.facts.peer, session.facts.helo) == ("2001:db8::1", "mail.example")


def test_xclient__from_a_peer_that_is_not_listed__is_not_known():
    with running(flow(**XCLIENT)) as server, server.greeted(source_address="127.0.0.2") as client:
        assert "XCLIENT" not in client.command("EHLO x").text
        assert client.command("XCLIENT ADDR=10.1.1.1").text.startswith("502 5.5.1")
        (session,) = server.listener._context.sessions
        assert session.facts.peer == "127.0.0.2"


@pytest.mark.parametrize(
    "argument",
    ["", "ADDR", "ADDR=", "ADDR=fe80::1%x;(y)", "ADDR=[UNAVAILABLE]", "ADDR=0.0.0.0", "ADDR=1.2.3",
     "LOGIN=anna ADDR=10.1.1.1",
     "ADDR=10.1.1.1 HELO=a+0D+0Ab", "ADDR=10.1.1.1 PROTO=LMTP", "NAME=x", "ADDR=10.1.1.1 X"],
)  # fmt: skip
def test_xclient__invalid__is_501_and_nobody_is_named(argument):
    with running(flow(**XCLIENT, max_protocol_errors=0)) as server, server.greeted() as client:
        assert client.command(f"XCLIENT {argument}".strip()).text.startswith("501 5.5.4")
        assert client.command("MAIL FROM:<a@x.example>").code == 554


def test_xclient__within_a_transaction__is_503():
    with running(flow(**XCLIENT)) as server, server.greeted() as client:
        client.command("XCLIENT ADDR=198.51.100.7 HELO=x")
        client.command("MAIL FROM:<a@x.example>")
        assert client.command("XCLIENT ADDR=10.1.1.1").code == 503


def test_xclient__after_sign_in__forgets_who_signed_in(tls_context):
    groups = (PermissionGroup.EXCHANGE_USERS,)
    options = {"tls_context": tls_context, "authenticator": Passwords(anna="right")}
    with running(flow(**XCLIENT, permission_groups=groups), **options) as server, server.greeted() as client:
        client.command("STARTTLS")
        client.start_tls()
        client.command("EHLO x")
        assert client.auth_plain("anna", "right").code == 235
        assert client.command("XCLIENT ADDR=10.1.1.1 HELO=x").code == 220
        assert client.command("MAIL FROM:<anna@acme.example>").text.startswith("530 5.7.0")


def test_xclient__connections__count_for_the_named_client_and_leave_nothing():
    with running(flow(**XCLIENT, max_inbound_connections_per_source=1)) as server:
        with server.greeted() as one, server.greeted() as two:
            assert one.command("XCLIENT ADDR=198.51.100.7").code == 220
            assert two.command("XCLIENT ADDR=198.51.100.7").code == 421
        server.wait_until(lambda: server.listener._context.connections._by_connector == {})
