"""The limits of a receive connector, and time."""

import contextlib
import time

import pytest

from tests.support.listener import Passwords, connector, mail_flow, running
from tests.support.pace import at_pace
from transport.config.objects import IpListEntry, PermissionGroup
from transport.listener import deadlines

MAIL = ("a@x.example", "b@acme.example", b"x\r\n")


def test_connections__per_source__one_too_many_is_421_and_told(loop):
    flow = mail_flow(connector(max_inbound_connections_per_source=2))
    with running(flow, loop=loop) as server:
        with server.greeted(), server.greeted(), server.client() as third:
            assert third.expect_reply().text.startswith("421 4.7.0")
            third.expect_close()
            with server.client(source_address="127.0.0.2") as other:
                assert other.expect_reply().code == 220
        server.wait_until(lambda: server.listener.sessions == 0)
        assert server.greeted().command("NOOP").code == 250
        assert server.refusals[0].detail["action"] == "disconnect"
        assert "More than 2" in server.refusals[0].reason


def test_connections__in_all__one_too_many_is_421():
    flow = mail_flow(connector(max_inbound_connections=1))
    with running(flow) as server, server.greeted(), server.client(source_address="127.0.0.2") as second:
        assert second.expect_reply().text.startswith("421 4.3.2")


def test_connections__of_blocked_peers__count_for_nothing():
    """A peer that was turned away must not free the place of another."""
    blocked = IpListEntry(network="127.0.0.2")
    flow = mail_flow(connector(max_inbound_connections=1), ip_block_list=(blocked,))
    with running(flow) as server, server.greeted():
        for _ in range(3):
            with server.client(source_address="127.0.0.2") as client:
                assert client.expect_reply().text == "554 5.7.1 Access denied"
                client.expect_close()
        with server.client(source_address="127.0.0.3") as client:
            assert client.expect_reply().code == 421


def test_connection__no_connector_serves_the_peer__is_554():
    with running(mail_flow(connector(remote_ip_ranges=("10.0.0.0/8",)))) as server, server.client() as client:
        assert client.expect_reply().text == "554 5.7.1 Access denied"
        client.expect_close()
    assert "No receive connector" in server.refusals[0].reason


def test_connector__most_specific_range__serves_the_peer():
    narrow = connector(id="narrow", name="Narrow", remote_ip_ranges=("127.0.0.2",), fqdn="narrow.test", banner="Hi")
    with running(mail_flow(connector(), narrow)) as server:
        with server.client() as client:
            assert client.expect_reply().text == "220 relay.test ESMTP Mailconsole"
        with server.client(source_address="127.0.0.2") as client:
            assert client.expect_reply().text == "220 narrow.test Hi"


def test_messages__more_than_the_rate__are_421_for_this_source_only():
    with running(mail_flow(connector(message_rate_limit_per_min=2))) as server:
        assert server.send(*MAIL).is_accepted
        assert server.send(*MAIL).is_accepted
        assert str(server.send(*MAIL).last).startswith("421 4.4.2")
        assert server.send(*MAIL, source_address="127.0.0.2").is_accepted


def test_size__declared_and_real__is_552():
    with running(mail_flow(connector(max_message_size=2000))) as server:
        large = (*MAIL[:2], b"x" * 3000 + b"\r\n")
        assert str(server.send(*large, mail_parameters="SIZE=2001").last).startswith("552 5.3.4")
        assert str(server.send(*large).last).startswith("552 5.3.4")
        exact = (*MAIL[:2], b".\r\n" * 666 + b"\r\n")
        assert server.send(*exact, mail_parameters="SIZE=2000").is_accepted
        assert [e.detail["stage"] for e in server.refusals] == ["mail", "data"]


def test_refusal__of_an_anonymous_peer__is_slowed_down_and_order_is_kept(loop):
    with running(mail_flow(connector(tarpit_interval=1)), loop=loop) as server, server.greeted() as client:
        began = time.monotonic()
        client.send_bytes(b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@y.example>\r\nRCPT TO:<b@acme.example>\r\nNOOP\r\n")
        assert [client.expect_reply().code for _ in range(4)] == [250, 550, 250, 250]
        assert 0.9 <= time.monotonic() - began < at_pace(3)


def test_silence__too_long__is_421(loop):
    flow = mail_flow(connector(connection_inactivity_timeout=2, connection_timeout=60))
    with running(flow, loop=loop) as server, server.greeted() as client:
        time.sleep(1.1)
        client.send_bytes(b"NO")  # half a command is a sign of life
        time.sleep(1.1)
        client.send_bytes(b"OP\r\n")
        assert client.expect_reply().code == 250
        assert client.expect_reply().text.startswith("421 4.4.2")
        client.expect_close()


def test_drip_of_commands__in_all_too_long__is_421():
    """aiosmtpd's time-out begins anew with each NOOP."""
    flow = mail_flow(connector(connection_inactivity_timeout=1, connection_timeout=2))
    with running(flow) as server, server.greeted() as client:
        codes: list[int] = []
        while 421 not in codes and len(codes) < 30:
            time.sleep(0.2)
            codes.append(client.command("NOOP").code)
        assert codes[-1] == 421 and 3 <= len(codes) <= 12


def test_drip_of_data__too_slow__is_421(monkeypatch):
    monkeypatch.setattr("transport.rules.limits.DATA_GRACE_S", 0.3)
    monkeypatch.setattr(deadlines, "LOOK_EVERY_S", 0.1)
    with running() as server, server.greeted() as client:
        client.command("MAIL FROM:<a@x.example>")
        client.command("RCPT TO:<b@acme.example>")
        client.command("DATA")
        client.send_bytes(b"x" * 500)
        time.sleep(0.8)  # 500 octets are worth a second more
        assert server.listener.sessions == 1
        with contextlib.suppress(ConnectionError):
            for _ in range(12):
                client.send_bytes(b"x")
                time.sleep(0.1)
        assert client.expect_reply().text.startswith("421 4.4.2")
        server.wait_until(lambda: server.listener._context.memory.reading.used_bytes == 0)
        assert told(server) == [("MinDataRate", "500 octets a second", "default")]


def test_commit__longer_than_the_timeout__is_waited_for():
    flow = mail_flow(connector(connection_inactivity_timeout=1, connection_timeout=2))
    with running(flow) as server, server.greeted() as client:
        server.intake.is_waiting = True
        client.send_bytes(b"MAIL FROM:<a@x.example>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\nx\r\n.\r\n")
        time.sleep(1.5)
        server.call(server.intake.finish)
        assert [client.expect_reply().code for _ in range(4)] == [250, 250, 354, 250]


def test_tarpit__pipelined_refusals_without_end__do_not_outlive_the_session_time():
    """Each refusal is slowed down by us; a peer with thousands of them in one write must not stay for hours."""
    flow = mail_flow(connector(tarpit_interval=1, connection_inactivity_timeout=1, connection_timeout=2))
    with running(flow) as server, server.greeted() as client:
        began = time.monotonic()
        client.send_bytes(b"MAIL FROM:<a@x.example>\r\n" + b"RCPT TO:<b@elsewhere.example>\r\n" * 500)
        codes: list[int] = []
        while 421 not in codes and len(codes) < 20:
            codes.append(client.expect_reply().code)
        assert codes[-1] == 421 and 2 <= codes.count(550) <= 4
        assert 1.5 < time.monotonic() - began < at_pace(5)
        client.expect_close()
        server.wait_until(lambda: server.listener.sessions == 0)


@pytest.mark.parametrize("errors", [1, 3])
def test_protocol_errors__more_than_the_limit__close(errors):
    with running(mail_flow(connector(max_protocol_errors=errors))) as server, server.greeted() as client:
        for _ in range(errors):
            assert client.command("BOGUS").code == 500
        assert client.command("BOGUS").code == 500
        assert client.expect_reply().text.startswith("421 4.7.0")
        client.expect_close()


def reached(server):
    """Limits by name: how often."""
    return {one.limit.value: one.count for one in server.listener.counters.limits.all if one.connector_id == "default"}


def told(server):
    """Of each refusal: the limit's name and value, and the connector."""
    return [(e.detail.get("limit"), e.detail.get("limit_value"), e.connector_id) for e in server.refusals]


START = b"MAIL FROM:<>\r\nRCPT TO:<b@acme.example>\r\nDATA\r\n"
LIMITS = {
    "MaxConnectionRatePerMinute": ({"max_connection_rate_per_min": 1}, "1", 421),
    "MaxInboundConnectionPerSource": ({"max_inbound_connections_per_source": 1}, "1", 421),
    "MaxInboundConnection": ({"max_inbound_connections": 1}, "1", 421),
    "MaxInboundConnectionPercentagePerSource": (
        {"max_inbound_connections_per_source": None, "max_inbound_connections": 3},
        "2 %",
        421,
    ),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_limit_on_connections__is_told_with_its_value_and_counted(limit):
    fields, value, code = LIMITS[limit]
    with running(mail_flow(connector(**fields))) as server, server.greeted():
        for _ in range(2):
            with server.client() as second:
                assert second.expect_reply().code == code
        assert told(server) == [(limit, value, "default")] * 2
        assert reached(server) == {limit: 2}


def test_connections__more_than_the_rate_of_a_minute__are_taken_again_after_it():
    now = [1_800_000_000.0]
    flow = mail_flow(connector(max_connection_rate_per_min=2))
    with running(flow, clock=lambda: now[0]) as server:
        for _ in range(2):
            assert server.greeted().command("QUIT").code == 221
        with server.client() as third:
            assert third.expect_reply().text == "421 4.7.0 Too many connections within a minute, try again later"
            third.expect_close()
        assert "MaxConnectionRatePerMinute: More than 2 connections a minute." in server.refusals[0].reason
        now[0] += 61
        assert server.greeted().command("NOOP").code == 250


ENDINGS = {
    "MaxProtocolErrors": ({"max_protocol_errors": 1}, "1", b"XX\r\nXX\r\n", [500, 500, 421]),
    "MaxRecipientsPerMessage": (
        {"max_recipients_per_message": 1},
        "1",
        b"MAIL FROM:<>\r\nRCPT TO:<b@acme.example>\r\nRCPT TO:<c@acme.example>\r\n",
        [250, 250, 452],
    ),
    "MessageRateLimit": (
        {"message_rate_limit_per_min": 1}, "1", b"MAIL FROM:<>\r\nRSET\r\nMAIL FROM:<>\r\n", [250, 250, 421]
    ),
    "MaxMessageSize": ({"max_message_size": "1 KB"}, "1 KB", b"MAIL FROM:<> SIZE=2000\r\n", [552]),
    "EmptyCommands": ({}, "100", b"NOOP\r\n" * 101, [250] * 99 + [421]),
    "MaxHeaderSize": (
        {"max_header_size": "1 KB"}, "1 KB", START + b"X: " + b"y" * 1100 + b"\r\n\r\n.\r\n", [250, 250, 354, 552]
    ),
    "MaxHopCount": ({"max_hop_count": 1}, "1", START + b"Received: a\r\n" * 2 + b"\r\n.\r\n", [250, 250, 354, 554]),
    "MaxLocalHopCount": (
        {"max_local_hop_count": 1}, "1", START + b"Received: by relay.test (Mailconsole) with SMTP\r\n" * 2 + b".\r\n",
        [250, 250, 354, 554],
    ),
    "ConnectionInactivityTimeout": (
        {"connection_timeout": 2, "connection_inactivity_timeout": 1}, "1s", b"MAIL FROM:<>\r\n", [250, 421]
    ),
}  # fmt: skip


@pytest.mark.parametrize("limit", ENDINGS)
def test_limit_within_a_session__is_told_with_its_value_and_counted(limit):
    fields, value, said, codes = ENDINGS[limit]
    with running(mail_flow(connector(**fields))) as server, server.greeted() as client:
        client.send_bytes(said)
        assert [client.expect_reply().code for _ in codes] == codes
        assert told(server) == [(limit, value, "default")]
        assert reached(server) == {limit: 1}


def test_silence__between_messages__is_counted_but_no_refusal():
    """Many clients keep a connection for their next message; that is no refusal to look into."""
    flow = mail_flow(connector(connection_inactivity_timeout=1, connection_timeout=60))
    with running(flow) as server, server.greeted() as client:
        assert client.expect_reply().text.startswith("421 4.4.2")
        assert (told(server), reached(server)) == ([], {"ConnectionInactivityTimeout": 1})


def test_messages__rate_by_user__leaves_other_users_at_the_same_address_alone(tls_context):
    flow = mail_flow(
        connector(
            permission_groups=(PermissionGroup.EXCHANGE_USERS,),
            message_rate_limit_per_min=1,
            message_rate_source="User",
        )
    )
    passwords = Passwords(anna="a", otto="o")
    with running(flow, tls_context=tls_context, authenticator=passwords) as server:
        for user, expected in (("anna", 250), ("otto", 250), ("anna", 421)):
            sent = server.send(f"{user}@acme.example", *MAIL[1:], tls=True, auth=(user, user[0]))
            assert sent.last.code == expected
        assert server.refusals[0].reason.endswith("More than 1 messages a minute of user anna@acme.example.")


def test_tarpit__is_counted():
    with running(mail_flow(connector(tarpit_interval=1))) as server, server.greeted() as client:
        client.command("MAIL FROM:<a@x.example>")
        assert client.command("RCPT TO:<b@elsewhere.example>").code == 550
        assert reached(server) == {"TarpitInterval": 1}


@pytest.mark.parametrize("said", [b"EHLO x\r\n", b"E", b"\x16\x03\x01"])
def test_early_talker__is_refused_told_and_counted(loop, said):
    with running(mail_flow(connector(banner_delay=1)), loop=loop) as server, server.client() as client:
        client.send_bytes(said)
        assert client.expect_reply().text.startswith("554 5.5.0")
        client.expect_close()
        assert (told(server), reached(server)) == ([("BannerDelay", "1s", "default")], {"BannerDelay": 1})
        server.wait_until(lambda: server.listener.sessions == 0)


def test_banner_delay__peer_goes_meanwhile__leaves_nothing(loop):
    with running(mail_flow(connector(banner_delay=1)), loop=loop) as server:
        with server.client():
            server.wait_until(lambda: server.listener.sessions == 1)
        server.wait_until(lambda: server.listener.sessions == 0)
        time.sleep(1.1)
        assert server.listener._context.connections._by_connector == {}
