"""Receive connectors: where mail comes in, from whom, within which limits."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, ValidationInfo, field_validator

from transport.config.objects.base import ConfigObject
from transport.config.objects.protocol_logging import ProtocolLoggingLevel
from transport.config.objects.receive_extensions import ReceiveExtensions
from transport.config.objects.receive_limits import ReceiveLimits
from transport.config.types import Binding, LaterHostName, Line, Network, is_stored


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


class AuthMechanism(StrEnum):
    """Whether users may sign in by AUTH PLAIN and LOGIN, and over what."""

    NONE = "None"
    BASIC_AUTH = "BasicAuth"
    BASIC_AUTH_REQUIRE_TLS = "BasicAuthRequireTLS"

    @property
    def sentence(self) -> str:
        return {
            AuthMechanism.NONE: "AUTH is not offered.",
            AuthMechanism.BASIC_AUTH: "In clear too, for devices that know no TLS: passwords can be read on the way.",
            AuthMechanism.BASIC_AUTH_REQUIRE_TLS: "Over TLS only.",
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


class ProxyProtocol(StrEnum):
    """How a proxy before us says who the client is."""

    PROXY = "PROXY"
    XCLIENT = "XCLIENT"

    @property
    def sentence(self) -> str:
        return {
            ProxyProtocol.PROXY: "The PROXY protocol, version 1 or 2, before anything else (HAProxy and others).",
            ProxyProtocol.XCLIENT: "The command XCLIENT (Postfix, nginx).",
        }[self]


class ReceiveService(ConfigObject):
    """Where a receive connector listens, whom it serves, as whom it speaks."""

    is_enabled: bool = Field(True, description="A disabled connector serves nobody.")
    bindings: tuple[Binding, ...] = Field(
        ("smtp",),
        min_length=1,
        description="Where it listens: smtp, submission (the node's addresses) or address:port.",
    )
    remote_ip_ranges: tuple[Network, ...] = Field(
        ("0.0.0.0/0", "::/0"), min_length=1, description="Which clients it serves. The most specific match wins."
    )
    fqdn: LaterHostName = Field("", description="The name in the banner and in Received; empty means the node's own.")
    banner: Line = Field("", description="Text after the name in the greeting; empty means the default.")
    protocol_logging_level: ProtocolLoggingLevel = Field(
        ProtocolLoggingLevel.NONE, description="Whether its sessions are kept in the node's protocol log."
    )
    permission_groups: tuple[PermissionGroup, ...] = Field(
        (PermissionGroup.ANONYMOUS_USERS,), description="Who may send here at all."
    )
    auth_mechanism: AuthMechanism = Field(
        AuthMechanism.BASIC_AUTH_REQUIRE_TLS, description="How users sign in, where ExchangeUsers may send."
    )
    sender_ownership: SenderOwnership = Field(
        SenderOwnership.ENVELOPE_AND_HEADER, description="As whom users who signed in may send."
    )
    is_authoritative_domain_sender_accepted: bool = Field(
        True,
        description="Take senders at our own domains from clients that neither sign in nor have a relay policy for it; "
        "off: 550 5.7.60. Exchange's right ms-Exch-SMTP-Accept-Authoritative-Domain-Sender.",
    )
    tls_mode: TlsMode = Field(TlsMode.OFFERED, description="How TLS is spoken.")
    tls_certificate_name: Line = Field(
        "", description="The certificate to show, by a name in it or its file's; empty: the best for the FQDN."
    )
    is_client_certificate_requested: bool = Field(
        False, description="Ask for a client certificate, as for Partners; one that does not verify ends the session."
    )
    proxy_networks: tuple[Network, ...] = Field(
        (), description="Proxies before us that are believed when they say who the client is; nobody else is."
    )
    proxy_protocol: ProxyProtocol = Field(ProxyProtocol.PROXY, description="How those proxies say it.")

    @field_validator("banner")
    @classmethod
    def _can_be_said(cls, value: str, info: ValidationInfo) -> str:
        if not (value.isascii() and value.isprintable()) and not is_stored(info):
            raise ValueError("it is part of an SMTP reply: plain ASCII only")  # RFC 5321 4.2
        return value


class ReceiveConnector(ReceiveExtensions, ReceiveLimits, ReceiveService):
    """Takes mail in. Of the connectors on a binding, the one with the most specific matching range serves a peer."""

    @property
    def takes_users(self) -> bool:
        """Whether anybody may sign in."""
        is_allowed = PermissionGroup.EXCHANGE_USERS in self.permission_groups
        return is_allowed and self.auth_mechanism is not AuthMechanism.NONE
