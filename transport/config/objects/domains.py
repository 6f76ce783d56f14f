"""Accepted domains: what we are to a domain."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from transport.config.objects.base import ConfigObject
from transport.config.types import Domain


class DomainType(StrEnum):
    """What we are to a domain."""

    AUTHORITATIVE = "Authoritative"
    INTERNAL_RELAY = "InternalRelay"
    EXTERNAL_RELAY = "ExternalRelay"

    @property
    def sentence(self) -> str:
        return {
            DomainType.AUTHORITATIVE: "All its recipients are in the directory; an unknown one is refused.",
            DomainType.INTERNAL_RELAY: "Some recipients are elsewhere in the organisation; unknown ones are passed on.",
            DomainType.EXTERNAL_RELAY: "Somebody else's domain that we relay for.",
        }[self]


class AcceptedDomain(ConfigObject):
    """A domain whose mail anyone may hand to us."""

    domain: Domain = Field(description="For example contoso.com.")
    domain_type: DomainType = Field(DomainType.INTERNAL_RELAY, description="What we are to the domain.")
    match_subdomains: bool = Field(False, description="Its subdomains too.")
    is_default: bool = Field(False, description="Used where an address of ours is needed; at most one.")
