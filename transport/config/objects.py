"""The objects of mail flow, one class each, with Exchange's words and defaults; validation within one object only.

``description`` of a field is the help text on its form and in the JSON schema.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from transport.config import retry_ladder
from transport.config.types import (
    AddressPattern,
    Binding,
    Domain,
    DomainPattern,
    Duration,
    Line,
    Mailbox,
    Name,
    Network,
    ObjectId,
    Size,
    SmartHost,
)

MB = 1024 * 1024


class ConfigModel(BaseModel):
    """Base of everything in the document: immutable, and an unknown key is an error that names it."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=True)


class ConfigObject(ConfigModel):
    """An object with an identity that survives renaming."""

    id: ObjectId = Field(description="Never changes; made from the name when the object is new.")
    name: Name = Field(description="What people call it.")
    comment: Line = Field("", description="Anything the next administrator should know.")


class PermissionGroup(StrEnum):
    """Who may use a receive connector at all."""

    ANONYMOUS_USERS = "AnonymousUsers"
    EXCHANGE_USERS = "ExchangeUsers"
    PARTNERS = "Partners"

    @property
    def sentence(self) -> str:
        return {
            PermissionGroup.ANONYMOUS_USERS: "Anyone, without signing in: may send to accepted domains only.",
            PermissionGroup.EXCHANGE_USERS: "Users who signed in with AUTH.",
            PermissionGroup.PARTNERS: "Peers that showed a client certificate that verified.",
        }[self]


class TlsMode(StrEnum):
    """How a receive connector speaks TLS."""

    NONE = "none"
    OFFERED = "offered"
    REQUIRED = "required"
    IMPLICIT = "implicit"

    @property
    def sentence(self) -> str:
        return {
            TlsMode.NONE: "STARTTLS is not offered.",
            TlsMode.OFFERED: "STARTTLS is offered; the peer decides.",
            TlsMode.REQUIRED: "Mail is taken only after STARTTLS.",
            TlsMode.IMPLICIT: "TLS from the first byte (port 465).",
        }[self]


class ReceiveConnector(ConfigObject):
    """Takes mail in. Of the connectors on a binding, the one with the most specific matching range serves a peer."""

    is_enabled: bool = Field(True, description="A disabled connector serves nobody.")
    bindings: tuple[Binding, ...] = Field(
        ("smtp",),
        min_length=1,
        description="Where it listens: smtp, submission (the node's addresses) or address:port.",
    )
    remote_ip_ranges: tuple[Network, ...] = Field(
        ("0.0.0.0/0", "::/0"), min_length=1, description="Which clients it serves. The most specific match wins."
    )
    fqdn: Line = Field("", description="The name in the banner and in Received; empty means the node's own.")
    banner: Line = Field("", description="Text after the name in the greeting; empty means the default.")
    permission_groups: tuple[PermissionGroup, ...] = Field(
        (PermissionGroup.ANONYMOUS_USERS,), description="Who may send here at all."
    )
    tls_mode: TlsMode = Field(TlsMode.OFFERED, description="How TLS is spoken.")
    max_inbound_connections: int = Field(5000, ge=1, le=100_000, description="Connections at once, per node.")
    max_inbound_connections_per_source: int | None = Field(
        20, ge=1, description="Connections at once from one address; empty means unlimited."
    )
    message_rate_limit_per_min: int | None = Field(
        None, ge=1, description="Messages a minute from one address; empty means unlimited."
    )
    max_recipients_per_message: int = Field(200, ge=1, le=512_000, description="More are deferred with 452 4.5.3.")
    max_message_size: Size = Field(36 * MB, ge=1024, le=2048 * MB, description="Larger is refused with 552 5.3.4.")
    max_header_size: Size = Field(256 * 1024, ge=1024, le=16 * MB, description="Larger is refused with 552 5.3.4.")
    max_hop_count: int = Field(30, ge=1, le=500, description="More Received headers mean a loop: 554 5.4.6.")
    max_protocol_errors: int = Field(5, ge=0, le=10, description="Then the connection is closed; 0 means never.")
    max_logon_failures: int = Field(3, ge=0, le=10, description="Then the connection is closed; 0 means never.")
    connection_timeout: Duration = Field(600, ge=1, le=86400, description="How long a session may last in all.")
    connection_inactivity_timeout: Duration = Field(300, ge=1, le=86400, description="How long a peer may be silent.")
    tarpit_interval: Duration = Field(5, ge=0, le=600, description="Delay before a refusal to an anonymous peer.")
    is_bare_linefeed_rejected: bool = Field(True, description="Refuse bare CR or LF in data (SMTP smuggling).")
    is_pipelining_enabled: bool = Field(True, description="Offer PIPELINING.")
    is_eight_bit_mime_enabled: bool = Field(True, description="Offer 8BITMIME.")
    is_smtputf8_enabled: bool = Field(True, description="Offer SMTPUTF8.")
    is_delivery_status_notification_enabled: bool = Field(True, description="Offer DSN.")

    @model_validator(mode="after")
    def _timeouts_fit(self) -> Self:
        if self.connection_timeout <= self.connection_inactivity_timeout:
            raise ValueError("connection_timeout must be longer than connection_inactivity_timeout")
        return self


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
    connection_inactivity_timeout: Duration = Field(600, ge=1, le=86400, description="Idle connections are closed.")
    is_private_address_allowed: bool = Field(
        False, description="Let DNS routing deliver to private and loopback addresses."
    )

    @model_validator(mode="after")
    def _credentials_fit(self) -> Self:
        if bool(self.username) != bool(self.password_secret):
            raise ValueError("username and password_secret go together")
        if self.username and not self.smart_hosts:
            raise ValueError("credentials need smart_hosts")
        if self.username and self.tls_level in (TlsLevel.NONE, TlsLevel.OPPORTUNISTIC):
            raise ValueError("credentials are sent over TLS only: choose EncryptionOnly or stronger")
        return self


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


class Organization(ConfigModel):
    """What holds for all mail."""

    name: Name = Field("Our organisation", description="Used in delivery status notifications.")
    postmaster_address: Mailbox | None = Field(
        None, description="Reporting address; empty means postmaster@ the default domain."
    )
    hostname: Line = Field("", description="Our name in SMTP where a connector has none; empty: the node's host name.")
    max_recipient_envelope_limit: int = Field(500, ge=1, le=512_000, description="Recipients of one message.")
    retry_ladder: Line = Field(
        "1m*4, 5m*6, 10m...", description="Waits between delivery attempts; the last one repeats."
    )
    message_expiration_timeout: Duration = Field(
        2 * 86400, ge=60, le=90 * 86400, description="Then the sender gets a non-delivery report (4.4.7)."
    )
    delay_notification_timeout: Duration = Field(
        4 * 3600, ge=60, le=30 * 86400, description="Then the sender is told that delivery is delayed."
    )
    is_delay_dsn_enabled: bool = Field(True, description="Tell senders about delays.")
    dsn_max_message_attach_size: Size = Field(
        10 * MB, ge=0, description="A larger original is returned as headers only."
    )

    @model_validator(mode="after")
    def _ladder_is_readable(self) -> Self:
        retry_ladder.parse(self.retry_ladder)
        return self
