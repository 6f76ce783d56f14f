"""Relays of our own before a real listener: where their mail came from is asked about, at the end of its data."""

import time

import pytest

from tests.transport.listener.test_listed import BL, Silent, serving
from transport.listener import listed
from transport.model.event import EventId
from transport.ports.resolver import NextHopUnresolved

RELAY = "10.0.0.5"
INNER = {"organization": {"internal_smtp_servers": ["10.0.0.0/24"]}}
CAME = "Received: from x (x [{}])\r\n\tby edge (Postfix) with ESMTP id 1; Fri, 27 Nov 2026 20:00:00 +0000\r\n"
LISTED = {("9.9.9.9.bl.example", "A"): "9.9.9.9.bl.example. 60 IN A 127.0.0.2"}


def sent(server, *hops, peer=RELAY, to=("bob@acme.example",), count=1, came=CAME):
    """What is said to the final dot of ``count`` messages of the relay, in one session."""
    header = "".join(map(came.format, hops))
    rcpt = "".join(f"RCPT TO:<{one}>\r\n" for one in to)
    message = f"MAIL FROM:<a@x.example>\r\n{rcpt}DATA\r\n{header}Subject: x\r\n\r\ntext\r\n.\r\n"
    with server.client() as client:
        client.send_bytes(f"PROXY TCP4 {peer} 10.0.0.9 5000 25\r\nEHLO x\r\n{message * count}".encode())
        said = [client.expect_reply() for _ in range(2 + count * (3 + len(to)))]
    return [str(reply.text) for reply in said[4 + len(to) :: 3 + len(to)]]


def test_origin__on_a_list__is_refused_and_the_trail_says_how_it_came():
    with serving(LISTED, **INNER) as (server, _):
        assert sent(server, "10.0.0.7", "9.9.9.9", "192.0.2.1") == ["550 5.7.1 9.9.9.9 no"]
        (refusal,) = server.refusals
        assert (refusal.peer, refusal.detail["stage"]) == (RELAY, "data")
        assert "It came from 9.9.9.9 to 10.0.0.7, a server of ours" in refusal.reason
        assert [row[3] for row in refusal.detail["trail"]] == ["yes", "yes"]


@pytest.mark.parametrize("hops", [(), ("10.0.0.8",), ("127.0.0.1",), ("8.8.8.8", "9.9.9.9")])
def test_origin__inside_or_not_listed__is_taken_whatever_stands_below(hops):
    with serving(LISTED, **INNER) as (server, names):
        assert [reply[:3] for reply in sent(server, *hops, count=2)] == ["250", "250"]
        received = server.intake.happened(EventId.RECEIVE)[1]
        assert received.detail["trail"][-1 if len(hops) < 2 else -2][2] == "InternalSMTPServers"
        assert {name for name, _, _ in names.asked} <= {"8.8.8.8.bl.example"}


def test_origin__on_a_list_of_one_who_signed_in__is_no_reason_to_refuse_their_mail():
    signed_in = CAME.replace("ESMTP", "ESMTPSA")
    with serving(LISTED, **INNER) as (server, names):
        assert sent(server, "9.9.9.9", came=signed_in)[0].startswith("250")
        (step,) = server.intake.happened(EventId.RECEIVE)[0].detail["trail"][-1:]
        assert "It was handed in at 10.0.0.5 by somebody who signed in." in step
        assert names.asked == []


def test_client__that_is_no_relay_of_ours__is_asked_about_itself_and_its_header_is_not_read():
    with serving(LISTED, **INNER) as (server, _):
        assert sent(server, "9.9.9.9", peer="8.8.8.8")[0].startswith("250")
        assert sent(server, peer="9.9.9.9")[0].startswith("5")


def test_origin__on_the_allow_list__is_asked_nothing():
    with serving(LISTED, **INNER, ip_allow_list=[{"network": "9.9.9.9"}]) as (server, names):
        assert sent(server, "9.9.9.9")[0].startswith("250")
        assert names.asked == []


def test_one_recipient__that_gets_listed_mail_too__does_not_open_the_way_to_others():
    lists = {"ip_block_list_providers": (BL | {"bypassed_recipients": ["postmaster@acme.example"]},)}
    with serving(LISTED, **INNER, **lists) as (server, _):
        assert sent(server, "9.9.9.9", to=("postmaster@acme.example",))[0].startswith("250")
        both = ("postmaster@acme.example", "bob@acme.example")
        assert sent(server, "9.9.9.9", to=both) == ["550 5.7.1 9.9.9.9 no"]


def test_list__that_can_not_be_asked__defers_where_it_says_so():
    defers = {"ip_block_list_providers": (BL | {"if_unavailable": "defer"},)}
    failed = NextHopUnresolved("SERVFAIL", is_temporary=True, enhanced="4.4.3")
    with serving({}, dns=Silent(failed), **INNER, **defers) as (server, _):
        assert sent(server, "9.9.9.9")[0].startswith("451 4.7.1")


def test_list__that_does_not_answer__costs_a_bounded_wait(monkeypatch):
    monkeypatch.setattr(listed, "WAIT_S", 0.2)
    with serving({}, dns=Silent(), **INNER) as (server, _):
        began = time.monotonic()
        assert [reply[:3] for reply in sent(server, "9.9.9.9", count=2)] == ["250", "250"]
        assert 0.3 < time.monotonic() - began < 3


def test_origin__of_a_message_in_chunks__is_asked_about_too():
    with serving(LISTED, **INNER) as (server, _):
        chunks = [CAME.format("9.9.9.9").encode(), b"Subject: x\r\n\r\ntext\r\n"]
        said = b"".join(b"BDAT %d%s\r\n%s" % (len(one), b" LAST" if one is chunks[-1] else b"", one) for one in chunks)
        start = (
            f"PROXY TCP4 {RELAY} 10.0.0.9 5000 25\r\nEHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<b@acme.example>\r\n"
        )
        with server.client() as client:
            client.send_bytes(start.encode() + said + b"NOOP\r\n")
            replies = [client.expect_reply().text for _ in range(7)]
        assert [reply[:3] for reply in replies] == ["220", "250", "250", "250", "250", "550", "250"]
        assert replies[5] == "550 5.7.1 9.9.9.9 no"
