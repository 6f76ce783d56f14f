"""The Resolver port on dnspython: mail exchangers as RFC 5321 5.1 orders them, with a bounded cache."""

from __future__ import annotations

import asyncio
import ipaddress
import random
from collections.abc import Callable, Collection, Sequence
from typing import NoReturn

import dns.asyncresolver
import dns.exception
import dns.name
import dns.rdatatype
import dns.resolver

from transport.delivery.dns_cache import DnsCache
from transport.ports import MailExchanger, NextHopUnresolved

Preferred = tuple[int, str]
LIFETIME_S = 10.0
NO_TTL_S = 5.0


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
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = dns_port
        self._resolver.lifetime = lifetime_s
        self._resolver.use_edns(0, 0, 1232)
        self._own_names = frozenset(name.lower().rstrip(".") for name in own_names)
        self._is_own = is_own
        self._mx: DnsCache[tuple[Preferred, ...]] = DnsCache(monotonic)
        self._hosts: DnsCache[tuple[str, ...]] = DnsCache(monotonic)

    async def exchangers(self, domain: str, *, port: int) -> Sequence[MailExchanger]:
        """As the port says. Permanent: null MX (5.1.10), no such domain (5.1.2, RFC 3463), a loop to us (5.4.6)."""
        literal = _address_of(domain)
        if literal:
            return [MailExchanger(literal, (literal,), port)]
        records = await self._mx_of(domain)
        if not records:
            return [await self._implicit(domain, port)]
        found: list[tuple[int, MailExchanger]] = []
        last: NextHopUnresolved | None = None
        for preference, host in records:
            try:
                found.append((preference, MailExchanger(host, await self._addresses(host), port)))
            except NextHopUnresolved as error:
                # RFC 5321 5.1: MX records without any usable address are an error of the domain; seen to be passing.
                last = error if last is None or error.is_temporary else last
        if not found:
            assert last is not None
            raise NextHopUnresolved(
                f"None of the mail exchangers of {domain} has an address: {last}.",
                is_temporary=last.is_temporary,
                enhanced="4.4.3" if last.is_temporary else "5.4.4",
            )
        return _in_order(self._before_ourselves(domain, found, port))

    async def host(self, name: str, *, port: int) -> MailExchanger:
        """As the port says; never permanent: a smart host that is missing is for the administrator to mend."""
        literal = _address_of(name)
        try:
            exchanger = MailExchanger(name.strip("[]"), (literal,) if literal else await self._addresses(name), port)
        except NextHopUnresolved as error:
            raise NextHopUnresolved(f"The smart host: {error}", is_temporary=True, enhanced="4.4.4") from error
        if self._is_us(exchanger):
            raise NextHopUnresolved(f"The smart host {name} is this node.", is_temporary=True, enhanced="4.4.6")
        return exchanger

    async def _implicit(self, domain: str, port: int) -> MailExchanger:
        """RFC 5321 5.1: without MX the domain's own address, as if it had preference 0."""
        exchanger = MailExchanger(domain, await self._addresses(domain), port)
        if self._is_us(exchanger):
            raise _loop(domain)
        return exchanger

    def _before_ourselves(
        self, domain: str, found: list[tuple[int, MailExchanger]], port: int
    ) -> list[tuple[int, MailExchanger]]:
        ours = [preference for preference, exchanger in found if self._is_us(exchanger)]
        if not ours:
            return found
        better = [(preference, exchanger) for preference, exchanger in found if preference < min(ours)]
        if not better:
            raise _loop(domain)
        return better

    def _is_us(self, exchanger: MailExchanger) -> bool:
        if exchanger.host.lower().rstrip(".") in self._own_names:
            return True
        return any(self._is_own(address, exchanger.port) for address in exchanger.addresses)

    async def _mx_of(self, domain: str) -> tuple[Preferred, ...]:
        cached = self._mx.get(domain)
        if cached is not None:
            return cached
        answer = await self._ask(domain, "MX")
        records = tuple(
            (record.preference, record.exchange.to_text(omit_final_dot=True)) for record in answer.rrset or ()
        )
        if records and all(host in ("", ".", "@") for _, host in records):  # RFC 7505 3
            raise NextHopUnresolved(
                f"The domain {domain} accepts no mail (null MX).", is_temporary=False, enhanced="5.1.10"
            )
        records = tuple(record for record in records if record[1] not in ("", ".", "@"))
        self._mx.put(domain, records, answer.rrset.ttl if answer.rrset else NO_TTL_S)
        return records

    async def _addresses(self, host: str) -> tuple[str, ...]:
        cached = self._hosts.get(host)
        if cached is not None:
            return cached
        results = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"), return_exceptions=True)
        answers = [result for result in results if not isinstance(result, BaseException)]
        addresses = tuple(record.address for answer in answers for record in answer.rrset or ())
        if not addresses:
            for result in results:
                if isinstance(result, BaseException):
                    raise result
            raise NextHopUnresolved(f"{host} has no address.", is_temporary=False, enhanced="5.4.4")
        self._hosts.put(host, addresses, min(answer.rrset.ttl for answer in answers if answer.rrset))
        return addresses

    async def _ask(self, name: str, kind: str) -> dns.resolver.Answer:
        try:
            return await self._resolver.resolve(name, kind, raise_on_no_answer=False, search=False)
        except dns.resolver.NXDOMAIN:
            raise NextHopUnresolved(
                f"The domain {name} does not exist.", is_temporary=False, enhanced="5.1.2"
            ) from None
        except (dns.exception.DNSException, OSError, UnicodeError, EOFError) as error:
            _cannot_tell(name, kind, error)


def _cannot_tell(name: str, kind: str, error: Exception) -> NoReturn:
    if isinstance(error, (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong, UnicodeError)):
        raise NextHopUnresolved(f"{name} is no DNS name.", is_temporary=False, enhanced="5.1.2") from error
    if isinstance(error, dns.exception.Timeout):
        why = "the name servers did not answer in time"
    elif isinstance(error, dns.resolver.NoNameservers):
        why = "the name servers failed (SERVFAIL)"
    else:
        why = type(error).__name__
    # RFC 3463 3.5: 4.4.3, directory server failure.
    raise NextHopUnresolved(
        f"{name} {kind} cannot be looked up: {why}.", is_temporary=True, enhanced="4.4.3"
    ) from error


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


def _in_order(found: list[tuple[int, MailExchanger]]) -> list[MailExchanger]:
    """By preference, in random order within one (RFC 5321 5.1)."""
    shuffled = random.sample(found, len(found))
    return [exchanger for _, exchanger in sorted(shuffled, key=lambda pair: pair[0])]
