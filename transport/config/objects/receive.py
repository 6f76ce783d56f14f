"""Receive connectors: where mail comes in, from whom, within which limits."""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from transport.config.objects.base import ConfigObject
from transport.config.types import MB, Binding, Duration, Line, Network, Size


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


class SenderOwnership(StrEnum):
    """Whether a user who signed in may send only as what is theirs, or as what a relay policy grants."""

    NONE = "none"
    ENVELOPE = "envelope"
    ENVELOPE_AND_HEADER = "envelope and header"

    @property
    def sentence(self) -> str:
        return {
            SenderOwnership.NONE: "A user may send as anybody.",
            SenderOwnership.ENVELOPE: "MAIL FROM must be an address of the user's own, or granted by a relay policy.",
            SenderOwnership.ENVELOPE_AND_HEADER: "So must each address in the message's From field.",
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
    sender_ownership: SenderOwnership = Field(
        SenderOwnership.ENVELOPE_AND_HEADER, description="As whom users who signed in may send."
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
    auth_tarpit_interval: Duration = Field(5, ge=0, le=600, description="Delay before AUTH is refused.")
    is_bare_linefeed_rejected: bool = Field(True, description="Refuse bare CR or LF in data (SMTP smuggling).")
    is_pipelining_enabled: bool = Field(True, description="Offer PIPELINING.")
    is_eight_bit_mime_enabled: bool = Field(True, description="Offer 8BITMIME.")
    is_chunking_enabled: bool = Field(True, description="Offer CHUNKING (BDAT).")
    is_binary_mime_enabled: bool = Field(True, description="Offer BINARYMIME; needs CHUNKING.")
    is_requiretls_enabled: bool = Field(True, description="Offer REQUIRETLS over TLS: such mail leaves over TLS only.")
    is_smtputf8_enabled: bool = Field(True, description="Offer SMTPUTF8.")
    is_delivery_status_notification_enabled: bool = Field(True, description="Offer DSN.")

    @model_validator(mode="after")
    def _timeouts_fit(self) -> Self:
        if self.connection_timeout <= self.connection_inactivity_timeout:
            raise ValueError("connection_timeout must be longer than connection_inactivity_timeout")
        return self
