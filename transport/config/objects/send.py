"""Send connectors: where mail goes out, and how."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from transport.config import retry_ladder
from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.types import MB, DomainPattern, Duration, Line, Size, SmartHost


class AddressSpace(ConfigModel):
    """A part of the world that a send connector serves."""

    domain: DomainPattern = Field(description="* for everything, contoso.com, or *.contoso.com with its subdomains.")
    cost: int = Field(1, ge=1, le=100, description="Of equally specific spaces, the lowest cost wins.")


class TlsLevel(StrEnum):
    """How a send connector uses TLS with its next hop."""

    NONE = "none"
    OPPORTUNISTIC = "opportunistic"
    ENCRYPTION_ONLY = "EncryptionOnly"
    CERTIFICATE_VALIDATION = "CertificateValidation"
    DOMAIN_VALIDATION = "DomainValidation"

    @property
    def sentence(self) -> str:
        return {
            TlsLevel.NONE: "STARTTLS is ignored.",
            TlsLevel.OPPORTUNISTIC: "TLS where the next hop offers it; any certificate will do.",
            TlsLevel.ENCRYPTION_ONLY: "TLS is required; any certificate will do.",
            TlsLevel.CERTIFICATE_VALIDATION: "TLS is required and the certificate must chain to a trusted root.",
            TlsLevel.DOMAIN_VALIDATION: "TLS is required, the certificate must be trusted and carry the host's name.",
        }[self]


class SendConnector(ConfigObject):
    """Sends mail out, by DNS or through smart hosts. Selection is Exchange's: specific, cheap, then by name."""

    is_enabled: bool = Field(True, description="A disabled connector is not considered.")
    address_spaces: tuple[AddressSpace, ...] = Field(min_length=1, description="What it serves.")
    smart_hosts: tuple[SmartHost, ...] = Field(
        (), description="In failover order; empty means DNS routing (MX records)."
    )
    port: int = Field(25, ge=1, le=65535, description="Where the next hop has no port of its own.")
    tls_level: TlsLevel = Field(TlsLevel.OPPORTUNISTIC, description="How TLS is used.")
    username: Line = Field("", description="AUTH to the smart hosts with this name, over TLS only; empty means none.")
    password_secret: Line = Field("", description="The name of the secret that holds the password, never the password.")
    fqdn: Line = Field("", description="The name in EHLO; empty means the node's own.")
    source_ip_address: Line = Field("", description="The local address to connect from; empty means any.")
    max_message_size: Size | None = Field(35 * MB, ge=1024, description="Larger is not routed here; empty: unlimited.")
    max_messages_per_connection: int = Field(20, ge=1, le=100_000, description="Then a new connection is made.")
    max_connections: int = Field(20, ge=1, le=1000, description="Connections at once to one next hop, per node.")
    message_rate_limit_per_min: int | None = Field(
        None, ge=1, le=1_000_000, description="Messages a minute to all its next hops, per node; empty: unlimited."
    )
    connection_inactivity_timeout: Duration = Field(600, ge=1, le=86400, description="Idle connections are closed.")
    retry_ladder: Line = Field(
        "", description="Waits between tries, such as 1m*4, 5m*6, 10m...; empty means the organisation's."
    )
    is_private_address_allowed: bool = Field(
        False, description="Let DNS routing deliver to private and loopback addresses."
    )

    @model_validator(mode="after")
    def _ladder_is_readable(self) -> Self:
        if self.retry_ladder:
            retry_ladder.parse(self.retry_ladder)
        return self

    @model_validator(mode="after")
    def _credentials_fit(self) -> Self:
        if bool(self.username) != bool(self.password_secret):
            raise ValueError("username and password_secret go together")
        if self.username and not self.smart_hosts:
            raise ValueError("credentials need smart_hosts")
        if self.username and self.tls_level in (TlsLevel.NONE, TlsLevel.OPPORTUNISTIC):
            raise ValueError("credentials are sent over TLS only: choose EncryptionOnly or stronger")
        return self
