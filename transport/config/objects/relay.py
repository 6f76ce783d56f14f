"""Relay policies and IP list entries: who may relay, who may not even speak."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, Field, model_validator

from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.types import AddressPattern, ClientCertificate, Line, Name, Network, Size, TimeWindow, TimeZone


class IdentityMatch(StrEnum):
    """How the networks, users and certificates of a relay policy go together."""

    ALL = "all"
    ANY = "any"

    @property
    def sentence(self) -> str:
        return {
            IdentityMatch.ALL: "Each of networks, users and certificates that is given has to fit.",
            IdentityMatch.ANY: "One of them is enough.",
        }[self]


class RelayPolicy(ConfigObject):
    """Lets somebody relay to the outside: who, as whom, to whom, how much, until when; with an owner and a purpose."""

    is_enabled: bool = Field(True, description="A disabled policy grants nothing.")
    networks: tuple[Network, ...] = Field(
        (), description="The clients' addresses; empty means any, if users or certificates are given."
    )
    identities: tuple[Line, ...] = Field(
        (), description="Users who signed in with AUTH, * for any; empty means nobody need to."
    )
    client_certificates: tuple[ClientCertificate, ...] = Field(
        (), description="SHA-256 thumbprint, or subject such as CN=scanner-1; empty means none is needed."
    )
    identity_match: IdentityMatch = Field(
        IdentityMatch.ALL, description="Whether networks, users and certificates must all fit."
    )
    sender_addresses: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains or *.domains it may send as; empty means any."
    )
    send_as_addresses: tuple[AddressPattern, ...] = Field(
        (), description="Senders that its users may use although they are not theirs; empty means none."
    )
    recipient_addresses: tuple[AddressPattern, ...] = Field(
        (), description="Addresses, domains or *.domains it may send to; empty means any."
    )
    is_tls_required: bool = Field(False, description="Only over TLS.")
    max_message_size: Size | None = Field(None, ge=1024, description="Empty means the connector's limit.")
    is_message_size_limit_bypassed: bool = Field(
        False,
        description="The organisation's MaxSendSize does not hold for what it grants (Exchange: "
        "ms-Exch-Bypass-Message-Size-Limit). The connector's limit does.",
    )
    max_messages_per_hour: int | None = Field(
        None,
        ge=1,
        description="Of each user, certificate or address, counted by each node for itself, over a restart too; "
        "more is refused for now (451). Empty means unlimited.",
    )
    max_messages_per_day: int | None = Field(None, ge=1, description="The same within 24 hours; empty means unlimited.")
    time_windows: tuple[TimeWindow, ...] = Field(
        (), description="When it grants, for example Mon-Fri 07:00-19:00; empty means always."
    )
    timezone: TimeZone = Field("UTC", description="Where the clock of the time windows stands.")
    expires_at: AwareDatetime | None = Field(None, description="From then on it grants nothing; empty means never.")
    owner: Name = Field(description="The person or team to ask about it.")
    purpose: Annotated[Line, Field(min_length=1)] = Field(description="Why this relay exists.")
    ticket: Line = Field("", description="Where it was asked for.")
    is_broad_override: bool = Field(
        False, description="Yes, a network this broad may relay everywhere: shown to the reviewer."
    )

    @model_validator(mode="after")
    def _names_somebody(self) -> Self:
        if not self.networks and not self.identities and not self.client_certificates:
            raise ValueError("networks, identities or client certificates must name who may relay")
        if self.send_as_addresses and not self.identities:
            raise ValueError("send_as_addresses needs identities: only users who signed in have addresses of their own")
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
