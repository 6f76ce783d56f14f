"""What is asked of name servers, and how often: answers are kept, cut ones are asked for again, all is bounded."""

import asyncio
import time

import pytest

from tests.support.name_server import NameServer
from tests.support.pace import at_pace
from transport.delivery import dns_lookup
from transport.delivery.a_labels import to_a_labels
from transport.delivery.dns_lookup import MAX_ABSENT_S, TEMPORARY_S
from transport.delivery.resolver import MAX_EXCHANGERS, DnsResolver
from transport.ports.resolver import NextHopUnresolved


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def resolver(server, clock=time.monotonic, **options):
    return DnsResolver(nameservers=["127.0.0.1"], dns_port=server.port, monotonic=clock, **options)


async def hosts(asking, domain):
    return [(e.host, e.addresses) for e in await asking.exchangers(domain, port=25)]


async def refusal(asking, domain):
    with pytest.raises(NextHopUnresolved) as refused:
        await asking.exchangers(domain, port=25)
    return refused.value


ZONE = {
    ("acme.example", "MX"): "acme.example. 600 IN MX 10 mx.acme.example.",
    ("mx.acme.example", "A"): "mx.acme.example. 60 IN A 192.0.2.1",
    ("mx.acme.example", "AAAA"): "mx.acme.example. 30 IN AAAA 2001:db8::1",
}


async def test_answers__are_kept_for_the_shortest_of_their_ttls(clock):
    async with NameServer(ZONE) as server:
        asking = resolver(server, clock)
        for _ in range(3):
            assert await hosts(asking, "acme.example") == [("mx.acme.example", ("192.0.2.1", "2001:db8::1"))]
        assert len(server.asked) == 3
        clock.now += 31
        await hosts(asking, "acme.example")
        assert [kind for _, kind, _ in server.asked[3:]] == ["A", "AAAA"]
        clock.now += 600
        await hosts(asking, "acme.example")
        assert ("acme.example", "MX", "udp") in server.asked[5:]


async def test_alias__the_ttl_of_the_way_counts_too(clock):
    way = "acme.example. 20 IN CNAME real.example.\nreal.example. 600 IN MX 10 mx.acme.example."
    async with NameServer(ZONE | {("acme.example", "MX"): way}) as server:
        asking = resolver(server, clock)
        await hosts(asking, "acme.example")
        clock.now += 21
        await hosts(asking, "acme.example")
        assert [question[:2] for question in server.asked].count(("acme.example", "MX")) == 2


async def test_what_does_not_exist__is_kept_for_what_the_zone_says_and_no_longer(clock):
    async with NameServer({}) as server:
        asking = resolver(server, clock)
        for _ in range(3):
            failure = await refusal(asking, "nowhere.example")
            assert (failure.is_temporary, failure.enhanced) == (False, "5.1.2")
        assert len(server.asked) == 1
        clock.now += 121  # the zone's minimum is 120
        server.zone = {("nowhere.example", "A"): "nowhere.example. 60 IN A 192.0.2.9"}
        assert await hosts(asking, "nowhere.example") == [("nowhere.example", ("192.0.2.9",))]
    assert MAX_ABSENT_S >= 121


async def test_no_mx__is_kept_as_well(clock):
    async with NameServer({("plain.example", "A"): "plain.example. 300 IN A 192.0.2.9"}) as server:
        asking = resolver(server, clock)
        for _ in range(3):
            assert await hosts(asking, "plain.example") == [("plain.example", ("192.0.2.9",))]
        assert sorted(kind for _, kind, _ in server.asked) == ["A", "AAAA", "MX"]


async def test_servers_that_fail__are_asked_again_soon(clock):
    async with NameServer({}, rcode="SERVFAIL") as server:
        asking = resolver(server, clock, lifetime_s=0.5)
        assert (await refusal(asking, "acme.example")).is_temporary
        asked = len(server.asked)
        assert (await refusal(asking, "acme.example")).enhanced == "4.4.3" and len(server.asked) == asked
        clock.now += TEMPORARY_S + 0.1
        await refusal(asking, "acme.example")
        assert len(server.asked) > asked


async def test_answer_cut_off__is_asked_for_by_tcp():
    async with NameServer(ZONE, udp_bytes=70) as server:
        assert await hosts(resolver(server), "acme.example") == [("mx.acme.example", ("192.0.2.1", "2001:db8::1"))]
        assert {way for _, _, way in server.asked} == {"udp", "tcp"}


async def test_hundreds_of_exchangers__the_best_few_are_looked_up():
    records = "\n".join(f"huge.example. 60 IN MX {number} mx{number}.huge.example." for number in range(500))
    zone = {(f"mx{number}.huge.example", "A"): f"mx{number}.huge.example. 60 IN A 192.0.2.1" for number in range(500)}
    async with NameServer(zone | {("huge.example", "MX"): records}) as server:
        found = [host for host, _ in await hosts(resolver(server), "huge.example")]
    assert found == [f"mx{number}.huge.example" for number in range(MAX_EXCHANGERS)]


async def test_slow_exchangers__are_looked_up_side_by_side():
    records = "\n".join(f"slow.example. 60 IN MX {number} mx{number}.slow.invalid." for number in range(20))
    async with NameServer({("slow.example", "MX"): records}, mute="slow.invalid") as server:
        began = time.monotonic()
        failure = await refusal(resolver(server, lifetime_s=0.4), "slow.example")
        assert failure.is_temporary and "in time" in str(failure) and time.monotonic() - began < at_pace(4)


async def test_the_same_question_at_once__is_asked_once():
    async with NameServer(ZONE) as server:
        asking = resolver(server)
        await asyncio.gather(*(hosts(asking, "acme.example") for _ in range(20)))
        assert len(server.asked) == 3


async def test_codes__too_many_questions_ahead__cannot_be_told_and_mail_exchangers_still_can(monkeypatch):
    monkeypatch.setattr(dns_lookup, "MAX_CODES", 3)
    monkeypatch.setattr(dns_lookup, "CODES_S", 0.5)
    async with NameServer(ZONE, mute="bl.example") as server:
        asking = resolver(server)
        began = time.monotonic()
        ahead = [asyncio.create_task(asking.lookup.codes(f"{number}.bl.example")) for number in range(3)]
        await asyncio.sleep(0.05)
        with pytest.raises(NextHopUnresolved, match="too many questions") as refused:
            await asking.lookup.codes("4.bl.example")
        assert refused.value.is_temporary and len({name for name, _, _ in server.asked}) == 3
        assert await hosts(asking, "acme.example")
        ended = await asyncio.gather(*ahead, return_exceptions=True)
        assert all("in time" in str(one) for one in ended) and time.monotonic() - began < at_pace(3)
        with pytest.raises(NextHopUnresolved, match="does not exist"):
            await asking.lookup.codes("4.other.example")


async def test_ourselves__by_name__needs_no_address_and_ends_the_list():
    zone = {("acme.example", "MX"): ZONE["acme.example", "MX"]}
    async with NameServer(zone) as server:
        failure = await refusal(resolver(server, own_names=("MX.acme.example",)), "acme.example")
    assert (failure.is_temporary, failure.enhanced) == (False, "5.4.6")


async def test_address_literal_of_ourselves__is_a_loop():
    asking = DnsResolver(nameservers=["127.0.0.1"], dns_port=9, is_own=lambda address, port: address == "192.0.2.7")
    assert (await refusal(asking, "[192.0.2.7]")).enhanced == "5.4.6"


@pytest.mark.parametrize(
    ("domain", "expected"),
    [
        ("acme.example", "acme.example"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("Straße.example", "xn--strae-oqa.example"),  # IDNA 2003 would make it strasse.example
        ("ü" * 60 + ".example", "ü" * 60 + ".example"),
    ],
)
def test_a_labels(domain, expected):
    assert to_a_labels(domain) == expected


async def test_smart_host__with_null_mx__relays_all_the_same():
    zone = {
        ("relay.example", "MX"): "relay.example. 60 IN MX 0 .",
        ("relay.example", "A"): "relay.example. 60 IN A 192.0.2.1",
    }
    async with NameServer(zone) as server:
        asking = resolver(server)
        (found,) = await asking.smart_host("relay.example", port=25)
        assert (found.host, found.addresses) == ("relay.example", ("192.0.2.1",))
        assert (await refusal(asking, "relay.example")).enhanced == "5.1.10"
