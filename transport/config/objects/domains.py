"""Accepted domains: what we are to a domain."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import Domain, Mailbox


class DomainType(StrEnum):
    """What we are to a domain."""

    AUTHORITATIVE = "Authoritative"
    INTERNAL_RELAY = "InternalRelay"
    EXTERNAL_RELAY = "ExternalRelay"

    @property
    def sentence(self) -> str:
        return {
            DomainType.AUTHORITATIVE: "All its recipients are known here; an unknown one is refused.",
            DomainType.INTERNAL_RELAY: "Some recipients are elsewhere in the organisation; unknown ones are passed on.",
            DomainType.EXTERNAL_RELAY: "Somebody else's domain that we relay for; recipients are not looked up.",
        }[self]


class AcceptedDomain(ConfigObject):
    """A domain whose mail anyone may hand to us."""

    domain: Domain = Field(description="For example contoso.com.")
    domain_type: DomainType = Field(DomainType.INTERNAL_RELAY, description="What we are to the domain.")
    match_subdomains: bool = Field(False, description="Its subdomains too, unless one is accepted by its own name.")
    catch_all_address: Mailbox | None = Field(
        None, description="Gets the mail for unknown recipients of an authoritative domain; empty: they are refused."
    )
    is_default: bool = Field(False, description="Used where an address of ours is needed; at most one.")

    @model_validator(mode="after")
    def _catch_all_fits(self) -> Self:
        if self.catch_all_address and self.domain_type is not DomainType.AUTHORITATIVE:
            raise ValueError("catch_all_address needs an Authoritative domain: others pass unknown recipients on")
        return self
