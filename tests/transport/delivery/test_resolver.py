"""Mail exchangers from the lab's DNS, in order, cached for as long as they may be, and never ourselves."""

import time

import pytest

from tests.support.pace import at_pace
from transport.delivery.dns_cache import MAX_ENTRIES, MAX_TTL_S, MIN_TTL_S, DnsCache
from transport.delivery.resolver import DnsResolver
from transport.ports.resolver import NextHopUnresolved

lab = pytest.mark.needs("lab-dns")


@pytest.fixture
def resolver(lab_dns):
    return DnsResolver(nameservers=["127.0.0.20"], dns_port=5300, own_names=("gw.acme.example",))


async def hosts(resolver, domain):
    return [(e.host, e.addresses, e.port) for e in await resolver.exchangers(domain, port=25)]


@lab
async def test_mx__by_preference(resolver):
    assert await hosts(resolver, "partner.example") == [
        ("mx1.partner.example", ("127.0.0.32",), 25),
        ("mx2.partner.example", ("127.0.0.33",), 25),
    ]


@lab
async def test_mx__of_equal_preference__in_random_order(resolver):
    firsts = {(await hosts(resolver, "alumni.example"))[0][0] for _ in range(50)}
    assert firsts == {"mx1.partner.example", "mx2.partner.example"}


@lab
@pytest.mark.parametrize(
    ("domain", "addresses"),
    [
        ("aonly.example", {"127.0.0.32"}),
        ("halfdown.example", {"127.0.0.49", "127.0.0.32"}),
        ("v6only.example", {"::1"}),
        ("cnamemx.example", {"127.0.0.32"}),
        ("somehost.example", {"127.0.0.32"}),
        ("bücher.example", {"127.0.0.31"}),
        ("[192.0.2.7]", {"192.0.2.7"}),
        ("[ipv6:2001:db8::7]", {"2001:db8::7"}),
    ],
)
async def test_addresses(resolver, domain, addresses):
    assert {address for _, found, _ in await hosts(resolver, domain) for address in found} == addresses


@lab
@pytest.mark.parametrize(
    ("domain", "is_temporary", "enhanced"),
    [
        ("nullmx.example", False, "5.1.10"),
        ("nowhere.example", False, "5.1.2"),
        ("nomail.example", False, "5.4.4"),
        ("nohost.example", False, "5.4.4"),
        ("loop.example", False, "5.4.6"),
        ("gw.acme.example", False, "5.4.6"),
        ("lame.example", True, "4.4.3"),
        ("x" * 70 + ".example", False, "5.1.2"),
        ("a..example", False, "5.1.2"),
    ],
)
async def test_unresolved(resolver, domain, is_temporary, enhanced):
    with pytest.raises(NextHopUnresolved) as refused:
        await resolver.exchangers(domain, port=25)
    assert (refused.value.is_temporary, refused.value.enhanced) == (is_temporary, enhanced)
    assert str(refused.value).endswith(".")


@lab
async def test_ourselves__and_all_less_preferred_are_cut():
    resolver = DnsResolver(nameservers=["127.0.0.20"], dns_port=5300, own_names=("mx2.partner.example",))
    assert [host for host, _, _ in await hosts(resolver, "partner.example")] == ["mx1.partner.example"]
    by_address = DnsResolver(
        nameservers=["127.0.0.20"], dns_port=5300, is_own=lambda address, port: (address, port) == ("127.0.0.32", 25)
    )
    with pytest.raises(NextHopUnresolved) as refused:
        await by_address.exchangers("partner.example", port=25)
    assert refused.value.enhanced == "5.4.6"
    assert len(await by_address.exchangers("partner.example", port=26)) == 2


@lab
async def test_smart_host__missing_or_ourselves__is_never_permanent(resolver):
    async def found(name):
        return [(e.host, e.addresses) for e in await resolver.smart_host(name, port=25)]

    assert await found("127.0.0.31") == [("127.0.0.31", ("127.0.0.31",))]
    assert await found("[::1]") == [("::1", ("::1",))]
    assert await found("mx1.partner.example") == [("mx1.partner.example", ("127.0.0.32",))]
    assert [host for host, _ in await found("partner.example")] == ["mx1.partner.example", "mx2.partner.example"]
    for name in ("nowhere.example", "gw.acme.example"):
        with pytest.raises(NextHopUnresolved) as refused:
            await resolver.smart_host(name, port=25)
        assert refused.value.is_temporary


@lab
async def test_dead_name_servers__are_temporary_and_bounded(lab_dns):
    resolver = DnsResolver(nameservers=["127.0.0.22"], dns_port=5300, lifetime_s=0.3)
    began = time.monotonic()
    with pytest.raises(NextHopUnresolved) as refused:
        await resolver.exchangers("partner.example", port=25)
    assert refused.value.is_temporary and refused.value.enhanced == "4.4.3"
    assert time.monotonic() - began < at_pace(3)


def test_cache__keeps_for_the_ttl_within_bounds():
    now = 100.0
    cache: DnsCache[int] = DnsCache(lambda: now)
    cache.put("short", 1, 0)
    cache.put("long", 2, 10**9)
    now += MIN_TTL_S - 0.1
    assert cache.get("short") == 1 and cache.get("other") is None
    now += 0.2
    assert cache.get("short") is None and cache.get("long") == 2
    now += MAX_TTL_S
    assert cache.get("long") is None


def test_cache__forgets_the_oldest():
    cache: DnsCache[int] = DnsCache(lambda: 0.0)
    for number in range(MAX_ENTRIES + 1):
        cache.put(str(number), number, 60)
    assert cache.get("0") is None and cache.get("1") == 1
