"""Whether DNS knows a host, asked while a person waits for a page: so briefly. The engine asks the same name server."""

from __future__ import annotations

import ipaddress
import time

import dns.exception
import dns.resolver

PATIENCE_S = 3.0
_KINDS = ("A", "AAAA", "MX")  # a smart host may be a name that has mail exchangers only


class NamesUnavailable(Exception):
    """DNS cannot tell now; ``str()`` is a sentence."""


def system_resolver() -> dns.resolver.Resolver:
    """Read anew each time: somebody may just have mended it. Raises dns.exception.DNSException."""
    return dns.resolver.Resolver()


def why_unresolved(host: str) -> str:
    """Empty where `host`, a name or an address without port, leads somewhere; else a sentence that says why not."""
    if _is_address(host):
        return ""
    try:
        return "" if _has_records(host, system_resolver()) else f"{host} cannot be resolved: DNS has no address for it."
    except dns.resolver.NXDOMAIN:
        hint = "" if "." in host else " The hosts file is not asked; an address, such as 127.0.0.1, always does."
        return f"{host} cannot be resolved: DNS knows no such name.{hint}"
    except dns.exception.Timeout:
        return f"{host} cannot be resolved: DNS did not answer within {PATIENCE_S:.0f} s."
    except dns.resolver.NoResolverConfiguration:
        return f"{host} cannot be resolved: this machine names no DNS server."
    except (dns.exception.DNSException, OSError):
        return f"{host} cannot be resolved: DNS could not answer."


def codes_of(name: str) -> tuple[str, ...]:
    """The IPv4 addresses of a name in DNS, none where it does not exist. Raises NamesUnavailable."""
    try:
        answer = system_resolver().resolve(name, "A", search=False, lifetime=PATIENCE_S)
    except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
        return ()
    except dns.exception.Timeout:
        raise NamesUnavailable(f"DNS did not answer within {PATIENCE_S:.0f} s.") from None
    except (dns.exception.DNSException, OSError):
        raise NamesUnavailable("DNS could not answer.") from None
    return tuple(record.address for record in answer)


def _has_records(host: str, resolver: dns.resolver.Resolver) -> bool:
    until = time.monotonic() + PATIENCE_S
    for kind in _KINDS:
        try:
            resolver.resolve(host, kind, search=False, lifetime=max(0.1, until - time.monotonic()))
        except dns.resolver.NoAnswer:
            continue
        return True
    return False


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True
