"""Whom a notification is told: senders at our accepted domains, or others (Exchange's Internal and External). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from transport.config.objects import AcceptedDomain, DomainType
from transport.model.address import Address
from transport.rules.patterns import parent_domains

T = TypeVar("T")


class OurSenders:
    """Who is at a domain of ours; somebody else's that we relay for is not."""

    def __init__(self, domains: Iterable[AcceptedDomain] = ()) -> None:
        self._is_ours = {one.domain: one.domain_type is not DomainType.EXTERNAL_RELAY for one in domains}
        self._trees = {one.domain for one in domains if one.match_subdomains}

    def holds(self, sender: Address) -> bool:
        """Whether its domain is ours: by the accepted domain itself, else the nearest parent with subdomains."""
        exact = self._is_ours.get(sender.domain)
        if exact is not None or not self._trees:
            return bool(exact)
        return next((self._is_ours[one] for one in parent_domains(sender.domain)[1:] if one in self._trees), False)


@dataclass(frozen=True, slots=True)
class ByAudience(Generic[T]):
    """A setting that may be another one for our own senders."""

    internal: T
    external: T
    ours: OurSenders

    def of(self, sender: Address) -> T:
        """What holds for this sender."""
        if self.internal == self.external:
            return self.external
        return self.internal if self.ours.holds(sender) else self.external
