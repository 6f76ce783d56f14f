"""Relay policies and IP list entries: who may relay, who may not even speak."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.types import AddressPattern, Line, Name, Network, Size


class RelayPolicy(ConfigObject):
    """Lets somebody relay to the outside: who, as whom, to whom, how much, until when; with an owner and a purpose."""

    is_enabled: bool = Field(True, description="A disabled policy grants nothing.")
    networks: tuple[Network, ...] = Field(
        (), description="The clients' addresses; empty means any, if users are given."
    )
    identities: tuple[Line, ...] = Field((), description="Users who signed in with AUTH; empty means nobody need to.")
    sender_addresses: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains or *.domains it may send as; empty means any."
    )
    recipient_addresses: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains or *.domains it may send to; empty means any."
    )
    is_tls_required: bool = Field(False, description="Only over TLS.")
    max_message_size: Size | None = Field(None, ge=1024, description="Empty means the connector's limit.")
    expires_at: AwareDatetime | None = Field(None, description="From then on it grants nothing; empty means never.")
    owner: Name = Field(description="The person or team to ask about it.")
    purpose: Annotated[Line, Field(min_length=1)] = Field(description="Why this relay exists.")
    ticket: Line = Field("", description="Where it was asked for.")
    is_broad_override: bool = Field(
        False, description="Yes, a network this broad may relay everywhere: shown to the reviewer."
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.networks and not self.identities:
            raise ValueError("networks or identities must name who may relay")
        return self

    def is_expired(self, now: datetime) -> bool:
        """Whether it grants nothing any more at ``now``."""
        return self.expires_at is not None and now >= self.expires_at


class IpListEntry(ConfigModel):
    """One entry of the IP allow or block list; its network is its identity."""

    network: Network = Field(description="An address, a-b range or CIDR network.")
    comment: Line = Field("", description="Why.")
    owner: Line = Field("", description="The person or team to ask about it.")
    expires_at: AwareDatetime | None = Field(None, description="From then on it has no effect; empty means never.")
