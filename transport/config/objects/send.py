"""Send connectors: where mail goes out, and how."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from transport.config import retry_ladder
from transport.config.objects.base import ConfigModel, ConfigObject
from transport.config.objects.protocol_logging import ProtocolLoggingLevel
from transport.config.types import (
    MB,
    DomainPattern,
    Duration,
    HomeServerPattern,
    HostName,
    IpAddress,
    Line,
    ReplyCode,
    Size,
    SmartHost,
)


class AddressSpace(ConfigModel):
    """A part of the world that a send connector serves."""

    domain: DomainPattern = Field(description="* for everything, contoso.com, or *.contoso.com with its subdomains.")
    cost: int = Field(1, ge=1, le=100, description="Of equally specific spaces, the lowest cost wins.")


class HomeServer(ConfigModel):
    """A server of mailboxes, as the directory names it (msExchHomeServerName)."""

    server: HomeServerPattern = Field(description="EX01, EX* for all that begin so, or * for any home server.")
    cost: int = Field(1, ge=1, le=100, description="Of connectors that serve a server alike, the lowest cost wins.")


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


class SendRoute(ConfigModel):
    """Which mail a send connector takes, and where that goes."""

    is_enabled: bool = Field(True, description="A disabled connector is not considered.")
    home_servers: tuple[HomeServer, ...] = Field(
        (),
        description="Mailboxes that the directory says are on these servers go this way, before any address space is "
        "asked: EX01, EX* or * for any.",
    )
    address_spaces: tuple[AddressSpace, ...] = Field(
        (), validate_default=True, description="What it serves. May be empty where it lists home servers."
    )
    smart_hosts: tuple[SmartHost, ...] = Field(
        (),
        description="In failover order: names, with MX records or without, or addresses. Empty means DNS routing "
        "(MX records).",
    )
    port: int = Field(25, ge=1, le=65535, description="Where the next hop has no port of its own.")
    source_transport_servers: tuple[Line, ...] = Field(
        (), description="The nodes that may use it; on others it is out of scope. Empty means all."
    )
    fqdn: HostName = Field("", description="The name in EHLO; empty means the node's own.")
    source_ip_address: IpAddress = Field("", description="The local address to connect from; empty means any.")
    protocol_logging_level: ProtocolLoggingLevel = Field(
        ProtocolLoggingLevel.NONE, description="Whether its sessions are kept in the node's protocol log."
    )
    is_private_address_allowed: bool = Field(
        False, description="Let DNS routing deliver to private and loopback addresses."
    )

    @field_validator("address_spaces")
    @classmethod
    def _serves_something(cls, value: tuple[AddressSpace, ...], info: ValidationInfo) -> tuple[AddressSpace, ...]:
        if not value and not info.data.get("home_servers", True):
            raise ValueError("it would serve nothing: give an address space, such as * or contoso.com, or home servers")
        return value


class SendTls(ConfigModel):
    """How a send connector proves whom it talks to, and who it is."""

    tls_level: TlsLevel = Field(TlsLevel.OPPORTUNISTIC, description="How TLS is used.")
    tls_domain: DomainPattern | None = Field(
        None,
        description="The name that the next hop's certificate must carry: contoso.com, or *.contoso.com for any name "
        "below it. Empty means the host's own name. Needs DomainValidation.",
    )
    is_mta_sts_enabled: bool = Field(
        True,
        description="With DNS routing, keep to the policies by which domains demand verified TLS (MTA-STS, RFC 8461).",
    )
    is_tls_required_no_honoured: bool = Field(
        True,
        description="A message with the header TLS-Required: No goes on although the domain's own policy is not met. "
        "What this connector demands holds all the same.",
    )
    is_client_certificate_shown: bool = Field(
        False, description="Show a certificate of the node to next hops that ask for one."
    )
    tls_certificate_name: Line = Field(
        "",
        description="Which certificate is shown, by a name in it or its file's; empty: the one the node made itself.",
    )
    username: Line = Field("", description="AUTH to the smart hosts with this name, over TLS only; empty means none.")
    password_secret: Line = Field(
        "",
        validate_default=True,
        description="The name of the secret that holds the password, never the password.",
    )
    is_helo_forced: bool = Field(
        False, description="Say HELO, never EHLO: for servers that break on it. No extension is used then, nor TLS."
    )

    @field_validator("tls_domain")
    @classmethod
    def _name_is_checked(cls, value: str | None, info: ValidationInfo) -> str | None:
        if value == "*":
            raise ValueError("any name is no name: write for example *.contoso.com, or leave it empty")
        if value and info.data.get("tls_level") is not TlsLevel.DOMAIN_VALIDATION:
            raise ValueError("a name is compared by DomainValidation only: choose that, or leave it empty")
        return value

    @field_validator("tls_certificate_name")
    @classmethod
    def _certificate_is_shown(cls, value: str, info: ValidationInfo) -> str:
        if value and not info.data.get("is_client_certificate_shown"):
            raise ValueError("a certificate is named that is not shown: show it, or leave this empty")
        return value

    @field_validator("username")
    @classmethod
    def _credentials_are_encrypted(cls, value: str, info: ValidationInfo) -> str:
        if value and info.data.get("tls_level") in (TlsLevel.NONE, TlsLevel.OPPORTUNISTIC):
            raise ValueError("credentials are sent over TLS only: choose EncryptionOnly or stronger")
        if value and not info.data.get("smart_hosts", True):
            raise ValueError("credentials need smart hosts")
        return value

    @field_validator("password_secret")
    @classmethod
    def _credentials_are_whole(cls, value: str, info: ValidationInfo) -> str:
        if bool(value) != bool(info.data.get("username", value)):
            raise ValueError("a user name and a password go together")
        return value

    @field_validator("is_helo_forced")
    @classmethod
    def _helo_has_no_tls(cls, value: bool, info: ValidationInfo) -> bool:
        level = info.data.get("tls_level", TlsLevel.NONE)
        if value and level not in (TlsLevel.NONE, TlsLevel.OPPORTUNISTIC):
            raise ValueError(f"TLS cannot be started after HELO, but {level.value} requires it")
        return value


class SendLimits(ConfigModel):
    """How much a send connector does at once, and when it tries again."""

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
    is_dns_failure_downgraded: bool = Field(
        False,
        description="A domain that DNS does not know, or that takes no mail, is tried again until the message expires. "
        "Exchange's DowngradeDnsFailures.",
    )
    downgraded_replies: tuple[ReplyCode, ...] = Field(
        (),
        description="Permanent replies that are taken as passing, such as 550 5.7.1. Exchange's "
        "DowngradeCustomFailures.",
    )
    upgraded_replies: tuple[ReplyCode, ...] = Field(
        (),
        description="Passing replies that are taken as final, such as 452 4.2.2. Exchange's UpgradeCustomFailures.",
    )

    @field_validator("retry_ladder")
    @classmethod
    def _ladder_is_readable(cls, value: str) -> str:
        if value:
            retry_ladder.parse(value)
        return value

    @field_validator("downgraded_replies")
    @classmethod
    def _are_permanent(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for reply in value:
            if reply.startswith("4"):
                raise ValueError(f"{reply} is passing already: only replies with 5 can be downgraded")
        return value

    @field_validator("upgraded_replies")
    @classmethod
    def _are_passing(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for reply in value:
            if reply.startswith("5"):
                raise ValueError(f"{reply} is final already: only replies with 4 can be upgraded")
            if reply.startswith("421"):  # RFC 5321 3.8: it is about the service
                raise ValueError("421 is about the connection, never about a message: it cannot be final")
        return value


class SendConnector(SendLimits, SendTls, SendRoute, ConfigObject):
    """Sends mail out, by DNS or through smart hosts. Selection is Exchange's: specific, cheap, then by name."""

    def is_in_scope_of(self, node: str) -> bool:
        """Whether the node may use it (Exchange: SourceTransportServers of a scoped connector)."""
        return not self.source_transport_servers or node in self.source_transport_servers
