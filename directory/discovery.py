"""Which controllers a domain has, by its SRV records (RFC 2782, MS-ADTS 6.3.6.1): those of the own site first.

What was found stands for some minutes; while DNS is away, what was found last.
"""

import random
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import dns.exception
import dns.resolver

from directory.errors import ServerUnreachable
from directory.settings import Security, Server, SourceSettings

KEEP_S = 300.0
LIFETIME_S = 5.0


@dataclass(frozen=True, slots=True)
class FoundController:
    """One controller as DNS names it."""

    host: str
    priority: int
    weight: int
    is_in_site: bool


def find_controllers(
    domain: str, site: str = "", *, resolver: dns.resolver.Resolver | None = None, shuffle: random.Random | None = None
) -> tuple[FoundController, ...]:
    """In the order in which they are to be tried. Raises ServerUnreachable, with the question that had no answer."""
    asked = resolver or dns.resolver.Resolver()
    chance = shuffle or random.Random()  # noqa: S311 - it spreads load
    found: dict[str, FoundController] = {}
    if site:
        near = _ask(asked, f"_ldap._tcp.{site}._sites.dc._msdcs.{domain}", is_in_site=True, may_be_none=True)
        found.update({one.host: one for one in _ordered(near, chance)})
    far = _ask(asked, f"_ldap._tcp.dc._msdcs.{domain}", is_in_site=False, may_be_none=bool(found))
    for one in _ordered(far, chance):
        found.setdefault(one.host, one)
    return tuple(found.values())


def _ask(resolver: dns.resolver.Resolver, name: str, *, is_in_site: bool, may_be_none: bool) -> list[FoundController]:
    domain = name.partition("._msdcs.")[2]
    try:
        answer = resolver.resolve(name, "SRV", lifetime=LIFETIME_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer) as error:
        if may_be_none:
            return []
        raise ServerUnreachable(
            f"DNS has no SRV record {name[:200]}: check the domain's name, and that this machine asks the domain's DNS."
        ) from error
    except (dns.exception.DNSException, OSError, UnicodeError) as error:
        raise ServerUnreachable(f"DNS cannot be asked for {name[:200]}: {type(error).__name__}.") from error
    found = [
        FoundController(str(one.target).rstrip(".").lower(), int(one.priority), int(one.weight), is_in_site)
        for one in answer
    ]
    inside = [one for one in found if _is_within(one.host, domain)]
    if not inside and not may_be_none:
        raise ServerUnreachable(f"DNS names no controller within {domain[:200]} by {name[:200]}, only others.")
    return inside


def _is_within(host: str, domain: str) -> bool:
    """DNS is not signed: a host elsewhere, with a certificate that is good for it, must not get the password."""
    return f".{host}".endswith(f".{domain.rstrip('.').lower()}")


def _ordered(found: Iterable[FoundController], chance: random.Random) -> list[FoundController]:
    """RFC 2782: the lowest priority first; within one, each by chance in proportion to its weight."""
    return sorted(found, key=lambda one: (one.priority, -(chance.random() ** (1.0 / max(one.weight, 0.01)))))


class Controllers:
    """The controllers of sources, those found by DNS remembered for a while; thread-safe."""

    def __init__(
        self,
        find: Callable[[str, str], tuple[FoundController, ...]] = find_controllers,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._find = find
        self._clock = clock
        self._found: dict[tuple[str, str], tuple[float, tuple[FoundController, ...]]] = {}
        self._lock = threading.Lock()

    def of(self, settings: SourceSettings) -> tuple[Server, ...]:
        """In the order in which they are tried. Raises ServerUnreachable where there are none yet."""
        if not settings.domain:
            return settings.servers
        found = self._current((settings.domain, settings.site))
        port = settings.security.default_port if settings.security is Security.LDAPS else 389
        named = tuple(Server(one.host, port) for one in found)
        return (*settings.servers, *(one for one in named if one not in settings.servers))

    def _current(self, key: tuple[str, str]) -> tuple[FoundController, ...]:
        with self._lock:
            until, known = self._found.get(key, (0.0, ()))
        if self._clock() < until:
            return known
        try:
            known = self._find(*key)
        except ServerUnreachable:
            if not known:
                raise
        with self._lock:
            self._found[key] = (self._clock() + KEEP_S, known)
        return known


controllers = Controllers()
