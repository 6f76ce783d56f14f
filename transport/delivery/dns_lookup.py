"""Questions to DNS and their answers, kept for as long as they may be: what is there, and what is not (RFC 2308)."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, NoReturn, TypeVar

import dns.asyncresolver
import dns.exception
import dns.message
import dns.name
import dns.resolver

from transport.delivery.a_labels import to_a_labels
from transport.delivery.dns_cache import DnsCache
from transport.ports.resolver import NextHopUnresolved

LIFETIME_S = 10.0
CODES_S = 5.0  # nobody waits longer for what a list says
MAX_CODES = 1000
"""Questions to lists at a time: each holds a socket, and strangers from many addresses make us ask them."""
NO_TTL_S = 5.0
MAX_ABSENT_S = 300.0  # somebody may be mending it
TEMPORARY_S = 5.0  # RFC 2308 7: so that a queue of mail does not ask for each message anew
Records = tuple[Any, ...]
T = TypeVar("T")


class DnsLookup:
    """Asks ``nameservers`` (empty: the system's) on ``port``, by UDP, by TCP where the answer was cut (RFC 7766 5).

    ``monotonic`` is the cache's clock. All methods raise NextHopUnresolved: permanent where the name does not exist
    (5.1.2) and temporary where nobody can tell (4.4.3)."""

    def __init__(
        self,
        *,
        nameservers: Sequence[str] = (),
        port: int = 53,
        lifetime_s: float = LIFETIME_S,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._resolver = dns.asyncresolver.Resolver(configure=not nameservers)
        if nameservers:
            self._resolver.nameservers = list(nameservers)
            self._resolver.port = port
        self._resolver.lifetime = lifetime_s
        self._resolver.use_edns(0, 0, 1232)
        self._kept: DnsCache[Records | NextHopUnresolved] = DnsCache(monotonic)
        self._asking: dict[str, asyncio.Task[Records]] = {}
        self._codes_asked = 0

    async def exchangers(self, domain: str) -> tuple[tuple[int, str], ...]:
        """Preference and host of each MX record; none where there is none. A host that is the root is ``.``."""
        return await self._once(f"MX {domain}", lambda: self._exchangers(domain))

    async def addresses(self, host: str) -> tuple[str, ...]:
        """Its addresses of both kinds; none where the name exists without any."""
        return await self._once(f"A {host}", lambda: self._addresses(host))

    async def codes(self, name: str) -> tuple[str, ...]:
        """Its IPv4 addresses, which are codes where the name is one of a list's (RFC 5782)."""
        return await self._once(f"code {name}", lambda: self._codes(name))

    async def texts(self, name: str) -> tuple[str, ...]:
        """Its TXT records."""
        return await self._once(f"TXT {name}", lambda: self._texts(name))

    async def _once(self, key: str, ask: Callable[[], Coroutine[Any, Any, Records]]) -> Records:
        """What is kept; else ask, once for all who want to know at the moment."""
        kept = self._kept.get(key)
        if kept is None:
            task = self._asking.get(key)
            if task is None:
                task = self._asking[key] = asyncio.create_task(ask())
                task.add_done_callback(lambda done: self._asked(key, done))
            return await asyncio.shield(task)
        if isinstance(kept, NextHopUnresolved):
            raise kept.with_traceback(None)
        return kept

    def _asked(self, key: str, task: asyncio.Task[Records]) -> None:
        del self._asking[key]
        if not task.cancelled():
            task.exception()  # nobody may be there any more to hear of it

    async def _exchangers(self, domain: str) -> Records:
        answer = await self._keeping_failure(f"MX {domain}", self._ask(domain, "MX"))
        found = tuple((record.preference, record.exchange.to_text(omit_final_dot=True)) for record in answer)
        self._kept.put(f"MX {domain}", found, _ttl_s(answer))
        return found

    async def _codes(self, name: str) -> Records:
        """Raises NextHopUnresolved, and keeps nothing, where too many are asked already."""
        if self._codes_asked >= MAX_CODES:
            reason = f"{name} cannot be looked up: too many questions to lists wait for their answers."
            raise NextHopUnresolved(reason, is_temporary=True, enhanced="4.4.3")
        self._codes_asked += 1
        try:
            answer = await self._keeping_failure(f"code {name}", self._ask(name, "A", most_s=CODES_S))
        finally:
            self._codes_asked -= 1
        found = tuple(record.address for record in answer)
        self._kept.put(f"code {name}", found, _ttl_s(answer))
        return found

    async def _texts(self, name: str) -> Records:
        answer = await self._keeping_failure(f"TXT {name}", self._ask(name, "TXT"))
        found = tuple(b"".join(record.strings).decode("ascii", "replace") for record in answer)
        self._kept.put(f"TXT {name}", found, _ttl_s(answer))
        return found

    async def _addresses(self, host: str) -> Records:
        answers = await self._keeping_failure(f"A {host}", self._both(host))
        found = tuple(record.address for answer in answers for record in answer)
        telling = [answer for answer in answers if answer.rrset or not found]
        self._kept.put(f"A {host}", found, min(map(_ttl_s, telling)))
        return found

    async def _both(self, host: str) -> list[dns.resolver.Answer]:
        """The answers about both kinds; one of them is enough if it names an address."""
        asked = await asyncio.gather(self._ask(host, "A"), self._ask(host, "AAAA"), return_exceptions=True)
        answers = [answer for answer in asked if not isinstance(answer, BaseException)]
        if not any(answer.rrset for answer in answers):
            for failure in asked:
                if isinstance(failure, BaseException):
                    raise failure
        return answers

    async def _keeping_failure(self, key: str, asking: Awaitable[T]) -> T:
        try:
            return await asking
        except _Unresolved as failure:
            self._kept.put(key, failure, failure.keep_s)
            raise

    async def _ask(self, name: str, kind: str, *, most_s: float = math.inf) -> dns.resolver.Answer:
        lifetime = min(self._resolver.lifetime, most_s)
        try:
            return await self._resolver.resolve(
                to_a_labels(name), kind, raise_on_no_answer=False, search=False, lifetime=lifetime
            )
        except dns.resolver.NXDOMAIN as error:
            reason = f"The domain {name} does not exist."
            raise _Unresolved(reason, "5.1.2", keep_s=_absent_s(error)) from None
        except (dns.exception.DNSException, OSError, UnicodeError, EOFError) as error:
            _cannot_tell(name, kind, error)


class _Unresolved(NextHopUnresolved):
    def __init__(self, reason: str, enhanced: str, *, keep_s: float) -> None:
        super().__init__(reason, is_temporary=enhanced.startswith("4"), enhanced=enhanced)
        self.keep_s = keep_s


def _cannot_tell(name: str, kind: str, error: Exception) -> NoReturn:
    if isinstance(error, (dns.name.LabelTooLong, dns.name.EmptyLabel, dns.name.NameTooLong, UnicodeError)):
        raise _Unresolved(f"{name} is no DNS name.", "5.1.2", keep_s=MAX_ABSENT_S) from error
    if isinstance(error, dns.exception.Timeout):
        why = "the name servers did not answer in time"
    elif isinstance(error, dns.resolver.NoNameservers):
        why = "the name servers failed (SERVFAIL)"
    else:
        why = type(error).__name__
    # RFC 3463 3.5: 4.4.3, directory server failure.
    raise _Unresolved(f"{name} {kind} cannot be looked up: {why}.", "4.4.3", keep_s=TEMPORARY_S) from error


def _ttl_s(answer: dns.resolver.Answer) -> float:
    """The least of the answer and what led to it; of an answer that nothing is there, the zone's (RFC 2308 5)."""
    ttl_s = answer.chaining_result.minimum_ttl
    return ttl_s if answer.rrset else min(ttl_s, MAX_ABSENT_S)


def _absent_s(error: dns.resolver.NXDOMAIN) -> float:
    responses: list[dns.message.QueryMessage] = list(error.kwargs.get("responses", {}).values())
    if not responses:
        return NO_TTL_S
    try:
        return min(responses[-1].resolve_chaining().minimum_ttl, MAX_ABSENT_S)
    except dns.exception.DNSException:
        return NO_TTL_S
