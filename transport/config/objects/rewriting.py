"""Address rewriting: internal addresses that the world sees as others."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import AddressPattern, DomainPattern


class AddressRewriteEntry(ConfigObject):
    """Outbound mail shows the external address instead of the internal one; mail to it comes back to the internal."""

    is_enabled: bool = Field(True, description="A disabled entry rewrites nothing.")
    internal_address: AddressPattern = Field(
        description="An address, a domain, or *.domain with its subdomains, as our own people write it."
    )
    external_address: AddressPattern = Field(
        description="What the outside sees: an address for an address, a domain for a domain. In mail that leaves, "
        "the envelope sender and the addresses of the header change, which breaks DKIM signatures made before."
    )
    is_outbound_only: bool = Field(
        False, description="Leave mail that comes to the external address alone; has to be on for *.domain."
    )
    exceptions: tuple[DomainPattern, ...] = Field(
        (), description="Domains below *.domain that are not rewritten; *.domain for theirs too."
    )

    @model_validator(mode="after")
    def _sides_fit(self) -> Self:
        if "*" in (self.internal_address, self.external_address) or self.external_address.startswith("*."):
            raise ValueError("external_address is one address or one domain, internal_address may be *.domain")
        if ("@" in self.internal_address) != ("@" in self.external_address):
            raise ValueError("external_address has to be an address for an address, and a domain for a domain")
        if self.internal_address.lower() == self.external_address.lower():
            raise ValueError("internal_address and external_address are the same")
        if self.internal_address.startswith("*.") and not self.is_outbound_only:
            raise ValueError("with *.domain nobody could tell whom mail that comes back is for: set is_outbound_only")
        if self.exceptions and not self.internal_address.startswith("*."):
            raise ValueError("exceptions go with an internal_address of the form *.domain")
        return self
