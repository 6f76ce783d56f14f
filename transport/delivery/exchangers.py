"""Where a next hop's connections may go, in the order in which they are tried."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from itertools import chain, zip_longest

from transport.config.objects import SendConnector
from transport.delivery.failure import ConnectionFailed
from transport.delivery.target import Target
from transport.model.next_hop import BY_DNS, BY_SMART_HOST, NextHop
from transport.model.outcome import Outcome, OutcomeKind, Phase
from transport.ports.resolver import MailExchanger, NextHopUnresolved, Resolver

MAX_TARGETS = 20  # of one attempt
_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")  # RFC 4291 2.4, IANA's allocation
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


async def targets_of(next_hop: NextHop, connector: SendConnector, resolver: Resolver) -> list[Target]:
    """The addresses of ``next_hop`` in order. Raises ConnectionFailed when there is none."""
    try:
        if next_hop.delivery_type in BY_SMART_HOST:
            exchangers: Sequence[MailExchanger] = await _smart_hosts(connector, resolver)
        else:
            exchangers = await resolver.exchangers(next_hop.domain, port=connector.port)
        targets = [Target(e.host, address, e.port) for e in exchangers for address in _by_turns(e.addresses)]
        targets = _of_family(targets, connector.source_ip_address)
        if next_hop.delivery_type in BY_DNS and not connector.is_private_address_allowed:
            targets = _public(next_hop.domain, targets)
    except NextHopUnresolved as error:
        kind = OutcomeKind.DEFERRED if error.is_temporary else OutcomeKind.FAILED
        raise ConnectionFailed(Outcome(kind, Phase.DNS, None, str(error), status=error.enhanced)) from error
    return targets[:MAX_TARGETS]


def _by_turns(addresses: Sequence[str]) -> list[str]:
    """IPv6 and IPv4 by turns (RFC 8305 4), so that a broken one of the two costs one try."""
    six = [address for address in addresses if ":" in address]
    four = [address for address in addresses if ":" not in address]
    return [address for address in chain.from_iterable(zip_longest(six, four)) if address is not None]


def _of_family(targets: list[Target], source: str) -> list[Target]:
    """Those that can be reached from ``source``. Raises NextHopUnresolved when none can."""
    if not source:
        return targets
    found = [target for target in targets if (":" in target.address) == (":" in source)]
    if targets and not found:
        raise NextHopUnresolved(
            f"The next hop has no address of the kind of the send connector's source address {source}.",
            is_temporary=True,
            enhanced="4.4.4",
        )
    return found


async def _smart_hosts(connector: SendConnector, resolver: Resolver) -> list[MailExchanger]:
    """In failover order; one that cannot be resolved does not keep the others from being used."""
    found: list[MailExchanger] = []
    last: NextHopUnresolved | None = None
    for text in connector.smart_hosts:
        name, port = split_port(text, connector.port)
        try:
            found += await resolver.smart_host(name, port=port)
        except NextHopUnresolved as error:
            last = error
    if not found and last is not None:
        raise last
    return found


def split_port(text: str, default: int) -> tuple[str, int]:
    """``host:port``, ``host``, ``[address]:port`` or ``[address]`` as a pair."""
    name, separator, port = text.rpartition(":")
    if separator and port.isdigit() and (name.endswith("]") or ":" not in name):
        return name, int(port)
    return text, default


def _public(domain: str, targets: list[Target]) -> list[Target]:
    """DNS of strangers must not lead mail to our own machines (hostile.md, SSRF); embedded IPv4 is unwrapped."""
    public = [target for target in targets if is_public(target.address)]
    if targets and not public:
        raise NextHopUnresolved(
            f"The mail exchangers of {domain} have private or loopback addresses; the send connector forbids them.",
            is_temporary=True,  # our own setting: the mail waits where an operator sees why
            enhanced="4.4.4",
        )
    return public


def is_public(address: str) -> bool:
    """Whether it is an address of the internet, whatever it is embedded in."""
    parsed = ipaddress.ip_address(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        embedded = parsed.ipv4_mapped or parsed.sixtofour or _nat64(parsed)
        if embedded is not None:
            parsed = embedded
        elif parsed not in _GLOBAL_UNICAST:  # IPv4-compatible, translated, site-local and what is yet to be given out
            return False
    return parsed.is_global and not parsed.is_multicast


def _nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The address behind 64:ff9b::/96 (RFC 6052 2.1)."""
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return None
