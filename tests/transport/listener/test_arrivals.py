"""A client that comes again is greeted as before, and as long as that is what would be decided."""

import datetime
import time

from tests.support.listener import OneContext, connector, mail_flow, running
from transport.config.objects import BlockListProvider, IpListEntry, TlsMode


def greeting(server, **options):
    with server.client(**options) as client:
        return client.expect_reply().text


def hello(server, line):
    """What it is answered, and what the listener makes of the session then."""
    with server.client() as client:
        client.expect_reply()
        answer = client.command(line).text
        (session,) = server.listener._context.sessions
        told = (session.facts.helo, session.facts.is_esmtp, session.described(), session.described_json)
    server.wait_until(lambda: not server.listener.sessions)
    return answer, *told


def known(server):
    return [peer for _, peer, _ in server.listener._context.ruleset.arrivals]


def test_arrive__again__is_greeted_by_the_same_connector():
    narrow = connector(id="narrow", name="Narrow", remote_ip_ranges=("127.0.0.2",), fqdn="narrow.test")
    with running(mail_flow(connector(), narrow)) as server:
        for _ in range(2):
            assert greeting(server) == "220 relay.test ESMTP Mailconsole"
            assert greeting(server, source_address="127.0.0.2") == "220 narrow.test ESMTP Mailconsole"
        assert known(server) == ["127.0.0.1", "127.0.0.2"]


def test_arrive__known_but_one_too_many__is_refused_and_may_come_again():
    with running(mail_flow(connector(max_inbound_connections_per_source=1))) as server:
        with server.greeted():
            assert greeting(server).startswith("421 4.7.0")
        server.wait_until(lambda: not server.listener.sessions)
        assert greeting(server).startswith("220 ")


def test_arrive__new_revision__is_greeted_under_that():
    with running(mail_flow(connector())) as server:
        assert greeting(server) == "220 relay.test ESMTP Mailconsole"
        server.apply(mail_flow(connector(banner="Hi")))
        assert greeting(server) == "220 relay.test Hi"


def test_arrive__entry_of_the_block_list_ends_and_begins__is_asked_each_time():
    now = [time.time()]
    ends_at = datetime.datetime.fromtimestamp(now[0] + 60, datetime.UTC)
    blocked = IpListEntry(network="127.0.0.1", expires_at=ends_at)
    with running(mail_flow(connector(), ip_block_list=(blocked,)), clock=lambda: now[0]) as server:
        assert greeting(server) == "554 5.7.1 Access denied"
        now[0] += 120
        assert greeting(server).startswith("220 ")
        assert known(server) == []


def test_arrive__lists_in_dns_are_asked__each_time():
    provider = BlockListProvider(id="p", name="P", lookup_domain="bl.example", is_any_match=True)
    with running(mail_flow(connector(), ip_block_list_providers=(provider,))) as server:
        assert greeting(server).startswith("220 ")
        assert known(server) == []


def test_arrive__connector_with_a_delay__waits_each_time():
    with running(mail_flow(connector(banner_delay=1))) as server:
        assert greeting(server).startswith("220 ")
        assert known(server) == []


def test_arrive__many_clients__as_many_are_remembered_as_there_is_room(monkeypatch):
    monkeypatch.setattr("transport.listener.arrivals.MAX_ARRIVALS", 2)
    with running(mail_flow(connector())) as server:
        for last in range(1, 4):
            greeting(server, source_address=f"127.0.0.{last}")
        assert known(server) == ["127.0.0.3"]


def test_hello__said_again__is_answered_as_before():
    with running(mail_flow(connector())) as server:
        for line in ("EHLO a.example", "HELO a.example", "EHLO b.example"):
            first, *others = (hello(server, line) for _ in range(3))  # the third is answered from memory
            assert others == [first, first]
        (arrival,) = server.listener._context.ruleset.arrivals.values()
        assert list(arrival.hellos) == [("a.example", True), ("a.example", False), ("b.example", True)]


def test_hello__certificate_came_meanwhile__is_answered_with_what_is_offered_now(tls_context):
    certificates = OneContext(None)
    with running(mail_flow(connector(tls_mode=TlsMode.OFFERED)), certificates=certificates) as server:
        for _ in range(3):
            assert "STARTTLS" not in hello(server, "EHLO a.example")[0]
        certificates._context = tls_context
        assert "STARTTLS" in hello(server, "EHLO a.example")[0]


def test_hello__name_that_is_refused__is_refused_each_time():
    with running(mail_flow(connector(is_ehlo_domain_required=True))) as server:
        for _ in range(2):
            assert hello(server, "EHLO not_a_domain")[:2] == ("501 5.5.4 Invalid domain name", "")


def test_hello__many_names__as_many_are_remembered_as_there_is_room(monkeypatch):
    monkeypatch.setattr("transport.listener.arrivals.MAX_HELLOS", 2)
    with running(mail_flow(connector())) as server:
        for name in ("a", "b", "c", "d"):
            hello(server, f"EHLO {name}")
        (arrival,) = server.listener._context.ruleset.arrivals.values()
        assert list(arrival.hellos) == [("d", True)]


def test_hello__very_long_name__is_not_remembered():
    with running(mail_flow(connector())) as server:
        for _ in range(2):
            assert hello(server, f"EHLO {'x' * 256}")[1] == "x" * 255
        (arrival,) = server.listener._context.ruleset.arrivals.values()
        assert arrival.hellos == {}


def test_quit__what_is_pipelined_behind_it__is_not_answered():
    with running(mail_flow(connector())) as server, server.greeted() as client:
        client.send_bytes(b"QUIT\r\nMAIL FROM:<a@b.example>\r\n")
        assert client.expect_reply().text.startswith("221 2.0.0")
        client.expect_close()
