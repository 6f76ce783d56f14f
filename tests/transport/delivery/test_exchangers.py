"""Where connections may go: ports of smart hosts, addresses of strangers, the dead."""

import pytest

from transport.config.objects import AddressSpace, SendConnector
from transport.delivery.dead_targets import FIRST_S, LONGEST_S, PROBE_S, DeadTargets
from transport.delivery.exchangers import split_port, targets_of
from transport.delivery.failure import ConnectionFailed
from transport.delivery.ourselves import is_own
from transport.delivery.target import Target
from transport.model.next_hop import DeliveryType, NextHop
from transport.model.outcome import OutcomeKind
from transport.ports.resolver import MailExchanger, NextHopUnresolved


class Names:
    """A Resolver that knows these names."""

    def __init__(self, **names):
        self.names = {name.replace("_", "."): addresses for name, addresses in names.items()}

    async def exchangers(self, name, *, port):
        if name not in self.names:
            raise NextHopUnresolved(f"{name} is unknown.", is_temporary=True, enhanced="4.4.3")
        return [MailExchanger(name, self.names[name], port)]

    smart_host = exchangers


def connector(**fields):
    return SendConnector(id="out", name="Out", address_spaces=(AddressSpace(domain="*"),), **fields)


BY_DNS = NextHop(DeliveryType.DNS_CONNECTOR, "partner.example", "out")
BY_SMART_HOST = NextHop(DeliveryType.SMART_HOST_CONNECTOR, "", "out")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mx.example", ("mx.example", 25)),
        ("mx.example:587", ("mx.example", 587)),
        ("10.0.0.1:26", ("10.0.0.1", 26)),
        ("[::1]", ("[::1]", 25)),
        ("[::1]:2525", ("[::1]", 2525)),
    ],
)
def test_split_port(text, expected):
    assert split_port(text, 25) == expected


async def test_smart_hosts__in_failover_order_without_the_unknown():
    hosts = connector(smart_hosts=("b.example:26", "gone.example", "a.example"))
    found = await targets_of(BY_SMART_HOST, hosts, Names(a_example=("10.0.0.1",), b_example=("10.0.0.2", "10.0.0.3")))
    assert found == [
        Target("b.example", "10.0.0.2", 26),
        Target("b.example", "10.0.0.3", 26),
        Target("a.example", "10.0.0.1", 25),
    ]
    assert found[0].remote == "b.example[10.0.0.2]:26"


async def test_smart_hosts__all_unknown__is_temporary():
    with pytest.raises(ConnectionFailed) as failed:
        await targets_of(BY_SMART_HOST, connector(smart_hosts=("gone.example",)), Names())
    assert failed.value.outcome.kind is OutcomeKind.DEFERRED


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1", "224.0.0.1", "::1",
        "fe80::1", "fd00::1", "::ffff:10.0.0.1", "2002:7f00:1::", "64:ff9b::7f00:1", "::127.0.0.1",
        "64:ff9b:1::7f00:1", "::ffff:0:7f00:1", "fec0::1", "2001:0:7f00:1::1", "198.18.0.1", "240.0.0.1", "ff02::1",
    ],
)  # fmt: skip
async def test_private_addresses__refused_by_dns_unless_allowed(address):
    names = Names(partner_example=(address, "8.8.8.8"))
    assert [t.address for t in await targets_of(BY_DNS, connector(), names)] == ["8.8.8.8"]
    with pytest.raises(ConnectionFailed) as failed:
        await targets_of(BY_DNS, connector(), Names(partner_example=(address,)))
    assert failed.value.outcome.kind is OutcomeKind.DEFERRED and "private or loopback" in failed.value.outcome.reason
    allowed = connector(is_private_address_allowed=True)
    assert len(await targets_of(BY_DNS, allowed, Names(partner_example=(address,)))) == 1


ONE, TWO = Target("a", "10.0.0.1", 25), Target("b", "10.0.0.2", 25)


def test_dead_targets__are_skipped_for_a_while_unless_all_are():
    now = 0.0
    dead = DeadTargets(lambda: now)
    dead.add(ONE)
    assert dead.living([ONE, TWO]) == [TWO]
    dead.add(TWO)
    assert dead.living([ONE, TWO]) == [ONE, TWO]
    dead.revive(TWO)
    assert dead.living([ONE, TWO]) == [TWO]
    now += FIRST_S
    assert dead.living([ONE, TWO]) == [ONE, TWO]


def test_dead_targets__one_connection_finds_out_whether_it_is_back():
    now = 0.0
    dead = DeadTargets(lambda: now)
    dead.add(ONE)
    now += FIRST_S
    dead.try_now(ONE)
    assert dead.living([ONE, TWO]) == [TWO]  # the others go on without it
    now += PROBE_S
    assert dead.living([ONE, TWO]) == [ONE, TWO]  # nobody heard of that connection again


def test_dead_targets__what_is_skipped_is_told_and_for_how_long():
    now = 0.0
    dead = DeadTargets(lambda: now)
    dead.add(ONE)
    now += 20
    assert dead.skipped([ONE, TWO]) == [(ONE, FIRST_S - 20)]
    dead.add(TWO)
    assert dead.skipped([ONE, TWO]) == []  # all are tried, since there is no other


def test_dead_targets__each_failure_in_a_row_doubles_the_time():
    now = 0.0
    dead = DeadTargets(lambda: now)
    for _ in range(2):
        dead.add(ONE)
    now += 2 * FIRST_S - 1
    assert dead.living([ONE, TWO]) == [TWO]
    for _ in range(50):
        dead.add(ONE)
    now += LONGEST_S
    assert dead.living([ONE, TWO]) == [ONE, TWO]


async def test_addresses__ipv6_and_ipv4_by_turns_and_of_the_source_addresses_kind():
    names = Names(partner_example=("8.8.8.8", "8.8.4.4", "2001:4860::8", "1.1.1.1"))
    found = [target.address for target in await targets_of(BY_DNS, connector(), names)]
    assert found == ["2001:4860::8", "8.8.8.8", "8.8.4.4", "1.1.1.1"]
    four = connector(source_ip_address="192.0.2.1")
    assert "2001:4860::8" not in [target.address for target in await targets_of(BY_DNS, four, names)]
    with pytest.raises(ConnectionFailed) as failed:
        await targets_of(BY_DNS, four, Names(partner_example=("2001:4860::8",)))
    assert failed.value.outcome.kind is OutcomeKind.DEFERRED


def test_ourselves__where_we_listen_and_nowhere_else():
    def here(address, port):
        return is_own(address, port, ("127.0.0.1:2525", "0.0.0.0:2587", "[::1]:2465"))

    assert here("::1", 2465) and here("127.0.0.1", 2525) and here("127.0.0.1", 2587) and here("127.0.0.9", 2587)
    assert not here("127.0.0.1", 25) and not here("127.0.0.9", 2525)
    assert not here("192.0.2.1", 2587)  # no address of this machine
