"""Lists in DNS before a real listener and a real name server: asked beside the dialogue, waited for, bounded."""

from __future__ import annotations

import asyncio
import contextlib
import time
from typing import Any

import pytest

from tests.support.listener import connector, mail_flow, running
from tests.support.name_server import NameServer
from tests.support.pace import at_pace
from transport.delivery.dns_lookup import DnsLookup
from transport.listener import listed
from transport.model.event import EventId
from transport.ports.resolver import NextHopUnresolved

BL = {"id": "bl", "name": "BL", "lookup_domain": "bl.example", "is_any_match": True, "rejection_response": "%0 no"}
LISTED = {("9.9.9.9.bl.example", "A"): "9.9.9.9.bl.example. 60 IN A 127.0.0.2"}
PROXY = {"proxy_networks": ("127.0.0.1",)}


def header(peer):
    return f"PROXY TCP4 {peer} 10.0.0.9 5000 25\r\n".encode()


def dialogue(to="bob@acme.example"):
    return f"EHLO x\r\nMAIL FROM:<a@x.example>\r\nRCPT TO:<{to}>\r\nDATA\r\nx\r\n.\r\nQUIT\r\n".encode()


@contextlib.contextmanager
def serving(zone, dns=None, **sections):
    """A listener behind a proxy, so that clients can come from anywhere; its name server on a loop of its own."""
    flow = mail_flow(connector(**PROXY), **({"ip_block_list_providers": (BL,)} | sections))
    names = NameServer(zone)
    with running(flow, dns=dns or _Later(names)) as server:
        server.run(names.__aenter__())
        yield server, names
        server.run(names.__aexit__(None, None, None))


class _Later:
    """A DnsLookup made on the listener's loop, once the name server has its port."""

    def __init__(self, names):
        self._names, self._lookup = names, None

    async def codes(self, name):
        self._lookup = self._lookup or DnsLookup(nameservers=["127.0.0.1"], port=self._names.port)
        return await self._lookup.codes(name)


def replies(server, peer, to="bob@acme.example", count=6):
    with server.client() as client:
        client.send_bytes(header(peer) + dialogue(to))
        return [client.expect_reply() for _ in range(count)]


def test_listed__at_rcpt__is_refused_and_the_trail_says_by_whom():
    with serving(LISTED) as (server, names):
        said = replies(server, "9.9.9.9", count=5)
        assert [reply.code for reply in said] == [220, 250, 250, 550, 503]
        assert said[3].text == "550 5.7.1 9.9.9.9 no"
        assert ("9.9.9.9.bl.example", "A", "udp") in names.asked
        refusal = server.refusals[0]
        assert refusal.detail["stage"] == "rcpt" and refusal.recipient == "bob@acme.example"
        assert refusal.detail["trail"][0][:4] == ["ip_block_list_providers", "bl", "BL", "yes"]


def test_not_listed__is_accepted_and_asked_once():
    with serving(LISTED) as (server, names):
        for _ in range(2):
            assert [reply.code for reply in replies(server, "9.9.9.8")][3:] == [250, 354, 250]
        assert [name for name, _, _ in names.asked] == ["8.9.9.9.bl.example"]
        trail = server.intake.happened(EventId.RECEIVE)[0].detail["trail"]
        assert ["ip_block_list_providers", "bl", "BL", "no"] in [row[:4] for row in trail]


def test_bypassed_recipient__of_a_listed_client__gets_mail():
    block = BL | {"bypassed_recipients": ["postmaster@acme.example"]}
    with serving(LISTED, ip_block_list_providers=(block,)) as (server, _):
        assert replies(server, "9.9.9.9", to="postmaster@acme.example")[3].code == 250


@pytest.mark.parametrize("peer", ["10.1.1.1", "9.9.9.9"])
def test_client__inside_or_on_the_allow_list__is_not_asked_about(peer):
    with serving(LISTED, ip_allow_list=({"network": "9.9.9.0/24"},)) as (server, names):
        assert replies(server, peer)[3].code == 250
        assert not names.asked
        trail = server.intake.happened(EventId.RECEIVE)[0].detail["trail"]
        assert ("ip_allow_list" in [row[0] for row in trail]) == (peer == "9.9.9.9")


class Silent:
    """A list that answers never, or that its server failed."""

    def __init__(self, error=None):
        self._error = error

    async def codes(self, name):
        if self._error is not None:
            raise self._error
        await asyncio.sleep(3600)


@pytest.mark.parametrize(("setting", "code"), [("accept", 250), ("defer", 451)])
def test_list__that_does_not_answer__costs_a_bounded_wait_and_then_its_setting_holds(monkeypatch, setting, code):
    monkeypatch.setattr(listed, "WAIT_S", 0.2)
    block = BL | {"if_unavailable": setting}
    with serving({}, dns=Silent(), ip_block_list_providers=(block,)) as (server, _):
        began = time.monotonic()
        assert replies(server, "9.9.9.9", count=4)[3].code == code
        assert 0.15 < time.monotonic() - began < at_pace(3)


def test_list__whose_server_fails__cannot_tell():
    failed = NextHopUnresolved("SERVFAIL", is_temporary=True, enhanced="4.4.3")
    with serving({}, dns=Silent(failed), ip_block_list_providers=(BL | {"if_unavailable": "defer"},)) as (server, _):
        assert replies(server, "9.9.9.9", count=4)[3].code == 451
        assert "SERVFAIL" in server.refusals[0].reason


def test_client__that_leaves_while_the_list_is_asked__leaves_nothing_behind():
    with serving({}, dns=Silent()) as (server, _):
        with server.client() as client:
            client.send_bytes(header("9.9.9.9") + dialogue())
            assert [client.expect_reply().code for _ in range(3)] == [220, 250, 250]
        server.wait_until(lambda: not server.listener._context.sessions)


def test_client__refused_by_a_connection_limit__is_not_asked_about(monkeypatch):
    begun: list[str] = []
    asked = listed.Asked

    def begin(*of: Any) -> listed.Asked:
        begun.append(of[1])
        return asked(*of)

    monkeypatch.setattr(listed, "Asked", begin)
    narrow = {"receive_connectors": (connector(**PROXY, max_inbound_connections=1),)}
    with serving(LISTED, **narrow) as (server, _), server.client() as one, server.client() as two:
        one.send_bytes(header("9.9.9.8") + b"EHLO x\r\n")
        assert [one.expect_reply().code for _ in range(2)] == [220, 250]
        two.send_bytes(header("9.9.9.9"))
        assert two.expect_reply().code == 421
        assert begun == ["9.9.9.8"]


def test_no_provider__asks_nothing_and_keeps_nothing():
    with serving(LISTED, ip_block_list_providers=()) as (server, names):
        assert replies(server, "9.9.9.9")[3].code == 250
        assert not names.asked
