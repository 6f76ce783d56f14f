"""The Resolver port: mail exchangers as RFC 5321 5.1 orders them, never ourselves."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Callable, Collection, Sequence

from transport.delivery.dns_lookup import LIFETIME_S, DnsLookup
from transport.ports.resolver import MailExchanger, NextHopUnresolved

Preferred = tuple[int, str]
MAX_EXCHANGERS = 20  # of one domain: a stranger's DNS must not make us look up a thousand names
NULL_MX = "5.1.10"  # RFC 7505 4.1
_NOWHERE = ("", ".", "@")


class DnsResolver:
    """Asks ``nameservers`` (empty: the system's) on ``dns_port``.

    ``own_names`` are host names that mean this node, and ``is_own(address, port)`` tells whether an address is: an
    exchanger that is us, and all less preferred ones, are not used (RFC 5321 5.1). ``monotonic`` is the cache's clock.
    """

    def __init__(
        self,
        *,
        nameservers: Sequence[str] = (),
        dns_port: int = 53,
        lifetime_s: float = LIFETIME_S,
        own_names: Collection[str] = (),
        is_own: Callable[[str, int], bool] = lambda address, port: False,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._dns = DnsLookup(nameservers=nameservers, port=dns_port, lifetime_s=lifetime_s, monotonic=monotonic)
        self._own_names = frozenset(name.lower().rstrip(".") for name in own_names)
        self._is_own = is_own

    @property
    def lookup(self) -> DnsLookup:
        """What else is asked of DNS."""
        return self._dns

    async def exchangers(self, domain: str, *, port: int) -> Sequence[MailExchanger]:
        """As the port says. Permanent: null MX (5.1.10), no such domain (5.1.2, RFC 3463), a loop to us (5.4.6)."""
        literal = _address_of(domain)
        if literal:
            return [self._only(domain, MailExchanger(literal, (literal,), port))]
        records = await self._mx_of(domain)
        if not records:  # RFC 5321 5.1: the domain's own address, as if it had preference 0
            return [self._only(domain, MailExchanger(domain, await self._addresses(domain), port))]
        usable = self._before_our_names(domain, records)
        chosen = _in_order(usable)[:MAX_EXCHANGERS]
        asked = await asyncio.gather(*(self._addresses(host) for _, host in chosen), return_exceptions=True)
        found: list[tuple[int, MailExchanger]] = []
        failures: list[NextHopUnresolved] = []
        for (preference, host), addresses in zip(chosen, asked, strict=True):
            if isinstance(addresses, NextHopUnresolved):
                failures.append(addresses)
            elif isinstance(addresses, BaseException):
                raise addresses
            else:
                found.append((preference, MailExchanger(host, addresses, port)))
        if not found:
            raise _no_address(domain, failures)
        return self._before_our_addresses(domain, found)

    async def smart_host(self, name: str, *, port: int) -> Sequence[MailExchanger]:
        """As the port says; never permanent: a smart host that is missing is for the administrator to mend."""
        try:
            return await self._smart_host(name.strip("[]"), port)
        except NextHopUnresolved as error:
            status = "4.4.6" if error.enhanced == "5.4.6" else "4.4.4"
            raise NextHopUnresolved(f"The smart host {name}: {error}", is_temporary=True, enhanced=status) from error

    async def _smart_host(self, name: str, port: int) -> Sequence[MailExchanger]:
        """Exchange takes a smart host's MX records where it has any. Null MX says that mail for the name goes nowhere,
        not that the host relays none."""
        try:
            return await self.exchangers(name, port=port)
        except NextHopUnresolved as error:
            if error.enhanced != NULL_MX:
                raise
        return [self._only(name, MailExchanger(name, await self._addresses(name), port))]

    def _only(self, domain: str, exchanger: MailExchanger) -> MailExchanger:
        if self._is_us(exchanger):
            raise _loop(domain)
        return exchanger

    def _before_our_names(self, domain: str, records: Sequence[Preferred]) -> list[Preferred]:
        """RFC 5321 5.1: we are one of them, so those less preferred would only hand the mail back to us."""
        ours = [preference for preference, host in records if self._has_our_name(host)]
        usable = [record for record in records if not ours or record[0] < min(ours)]
        if not usable:
            raise _loop(domain)
        return usable

    def _before_our_addresses(self, domain: str, found: list[tuple[int, MailExchanger]]) -> list[MailExchanger]:
        ours = [preference for preference, exchanger in found if self._is_us(exchanger)]
        usable = [exchanger for preference, exchanger in found if not ours or preference < min(ours)]
        if not usable:
            raise _loop(domain)
        return usable

    def _has_our_name(self, host: str) -> bool:
        return host.lower().rstrip(".") in self._own_names

    def _is_us(self, exchanger: MailExchanger) -> bool:
        if self._has_our_name(exchanger.host):
            return True
        return any(self._is_own(address, exchanger.port) for address in exchanger.addresses)

    async def _mx_of(self, domain: str) -> list[Preferred]:
        records = await self._dns.exchangers(domain)
        if records and all(host in _NOWHERE for _, host in records):  # RFC 7505 3
            raise NextHopUnresolved(
                f"The domain {domain} accepts no mail (null MX).", is_temporary=False, enhanced=NULL_MX
            )
        return [record for record in records if record[1] not in _NOWHERE]

    async def _addresses(self, host: str) -> tuple[str, ...]:
        addresses = await self._dns.addresses(host)
        if not addresses:
            raise NextHopUnresolved(f"{host} has no address.", is_temporary=False, enhanced="5.4.4")
        return addresses


def _no_address(domain: str, failures: Sequence[NextHopUnresolved]) -> NextHopUnresolved:
    """RFC 5321 5.1: MX records without any usable address are an error of the domain; it may be passing."""
    last = next((failure for failure in failures if failure.is_temporary), failures[-1])
    return NextHopUnresolved(
        f"None of the mail exchangers of {domain} has an address: {last}.",
        is_temporary=last.is_temporary,
        enhanced="4.4.3" if last.is_temporary else "5.4.4",
    )


def _loop(domain: str) -> NextHopUnresolved:
    return NextHopUnresolved(f"Mail for {domain} would loop back to this node.", is_temporary=False, enhanced="5.4.6")


def _address_of(text: str) -> str:
    """The address of ``10.0.0.1``, ``[10.0.0.1]`` or ``[ipv6:...]`` (RFC 5321 4.1.3); empty for a name."""
    inner = text.strip("[]")
    if inner.lower().startswith("ipv6:"):
        inner = inner[5:]
    try:
        return str(ipaddress.ip_address(inner))
    except ValueError:
        return ""


def _in_order(records: Sequence[Preferred]) -> list[Preferred]:
    """By preference, in random order within one (RFC 5321 5.1)."""
    shuffled = random.sample(records, len(records))
    return sorted(shuffled, key=lambda record: record[0])
