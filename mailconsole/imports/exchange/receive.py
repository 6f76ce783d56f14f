"""`Get-ReceiveConnector`: where Exchange takes mail in, as our receive connectors. Who may relay is `relay.py`'s."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from typing import Any

from mailconsole.imports.exchange.parameters import Other, Same, apply_table
from mailconsole.imports.exchange.values import Lost, flags, number, one_of, seconds, size, spaced_items, text, yes
from mailconsole.imports.report import Subject
from transport.config.objects import AuthMechanism
from transport.config.types import format_duration, format_size

AUTH = {"Tls": 1, "Integrated": 2, "BasicAuth": 4, "BasicAuthRequireTLS": 8, "ExchangeServer": 16,
        "ExternalAuthoritative": 32}  # fmt: skip
GROUPS = {"AnonymousUsers": 1, "ExchangeUsers": 2, "ExchangeServers": 4, "ExchangeLegacyServers": 8, "Partners": 16,
          "Custom": 32}  # fmt: skip
_RATE_SOURCES = {"None": 0, "IPAddress": 1, "User": 2, "All": 3}
_SIZES = {"Disabled": 0, "Enabled": 1, "EnabledWithoutValue": 2}
_LOGGING = {"None": 0, "Verbose": 1}
_EVERYTHING = ("0.0.0.0-255.255.255.255", "0.0.0.0/0", "::/0", "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")
UNREADABLE = "They could not be read (a CSV holds only the type's name): export with Export-Clixml. Disabled."
_BINDING = re.compile(r"\[?([0-9A-Fa-f:.]+?)\]?:(\d+)")
_INTERNAL_PORTS = {2525, 717, 475}
_DONE = {"Bindings", "RemoteIPRanges", "AuthMechanism", "PermissionGroups", "RequireTLS", "Server", "TransportRole",
         "Enabled", "DomainSecureEnabled", "TlsCertificateName", "Banner", "EnableAuthGSSAPI"}  # fmt: skip
TABLE: dict[str, Same | Other] = {
    "Fqdn": Same("fqdn", text),
    "Comment": Same("comment", text),
    "ProtocolLoggingLevel": Same("protocol_logging_level", lambda value: one_of(value, _LOGGING)),
    "MaxInboundConnection": Same("max_inbound_connections", lambda value: number(value) or 100_000),
    "MaxInboundConnectionPerSource": Same("max_inbound_connections_per_source", number),
    "MaxInboundConnectionPercentagePerSource": Same("max_inbound_connection_percentage_per_source", number),
    "MessageRateLimit": Same("message_rate_limit_per_min", number),
    "MessageRateSource": Same("message_rate_source", lambda value: one_of(value, _RATE_SOURCES)),
    "ConnectionTimeout": Same("connection_timeout", seconds, format_duration),
    "ConnectionInactivityTimeout": Same("connection_inactivity_timeout", seconds, format_duration),
    "TarpitInterval": Same("tarpit_interval", seconds, format_duration),
    "AuthTarpitInterval": Same("auth_tarpit_interval", seconds, format_duration),
    "MaxProtocolErrors": Same("max_protocol_errors", lambda value: number(value) or 0),
    "MaxLogonFailures": Same("max_logon_failures", number),
    "MaxRecipientsPerMessage": Same("max_recipients_per_message", number),
    "MaxMessageSize": Same("max_message_size", size, format_size),
    "MaxHeaderSize": Same("max_header_size", size, format_size),
    "MaxHopCount": Same("max_hop_count", number),
    "MaxLocalHopCount": Same("max_local_hop_count", number),
    "PipeliningEnabled": Same("is_pipelining_enabled", yes),
    "ChunkingEnabled": Same("is_chunking_enabled", yes),
    "EightBitMimeEnabled": Same("is_eight_bit_mime_enabled", yes),
    "BinaryMimeEnabled": Same("is_binary_mime_enabled", yes),
    "SmtpUtf8Enabled": Same("is_smtputf8_enabled", yes),
    "DeliveryStatusNotificationEnabled": Same("is_delivery_status_notification_enabled", yes),
    "EnhancedStatusCodesEnabled": Same("is_enhanced_status_codes_enabled", yes),
    "SizeEnabled": Same("size_enabled", lambda value: one_of(value, _SIZES)),
    "RequireEHLODomain": Same("is_ehlo_domain_required", yes),
    "BareLinefeedRejectionEnabled": Same("is_bare_linefeed_rejected", yes),
    "RejectSingleLabelRecipientDomains": Same("is_single_label_recipient_domain_rejected", yes),
    "RejectReservedTopLevelRecipientDomains": Same("is_reserved_top_level_recipient_domain_rejected", yes),
    "RejectReservedSecondLevelRecipientDomains": Same("is_reserved_second_level_recipient_domain_rejected", yes),
    "DefaultDomain": Other("A sender without a domain is refused here (RFC 5321 4.1.1.2)."),
    "ServiceDiscoveryFqdn": Other("It serves other Exchange servers only."),
    "SuppressXAnonymousTls": Other("X-ANONYMOUSTLS is Exchange's own."),
    "ProxyEnabled": Other("There is one transport service here: nothing to proxy to."),
    "AdvertiseClientSettings": Other("SMTP settings are not told to Outlook on the web.", ("", "false", "true")),
    "LongAddressesEnabled": Other("X.400 addresses are not known here; addresses are as long as RFC 5321 allows."),
    "OrarEnabled": Other("ORAR is for X.400 senders."),
    "ExtendedProtectionPolicy": Other(
        "It protects Integrated Windows authentication, which is not offered here.", ("none", "0")
    ),
    "LiveCredentialEnabled": Other("It is Exchange Online's."),
    "TlsDomainCapabilities": Other("Trust between Exchange on-premises and Exchange Online has no counterpart."),
    "MaxAcknowledgementDelay": Other("250 is said when the message is on disk: nothing to wait for.",
                                     ("", "00:00:00", "00:00:30", "pt30s", "pt0s", "30s", "0s")),
    "AuthTarpitIntervalEnabled": Other("See AuthTarpitInterval.", ("", "false", "true")),
}  # fmt: skip


def server_of(given: Mapping[str, Any]) -> str:
    """The server that a connector of Exchange belongs to."""
    identity, server = text(given.get("Identity")), text(given.get("Server"))
    return server or (identity.partition("\\")[0] if "\\" in identity else "")


def full_name(given: Mapping[str, Any]) -> str:
    """``EX1\\Relay``, as protocol logs and permissions name it."""
    name, server = text(given.get("Name")), server_of(given)
    identity = text(given.get("Identity"))
    if "\\" in identity or not name:
        return identity
    return f"{server}\\{name}" if server else identity or name


def short_name(given: Mapping[str, Any]) -> str:
    """Without the server, which setup appends to the names of its own connectors."""
    name, server = text(given.get("Name")) or text(given.get("Identity")).rpartition("\\")[2], server_of(given)
    suffix = f" {server}"
    return (name[: -len(suffix)] if server and name.lower().endswith(suffix.lower()) else name)[:64]


def auth_of(given: Mapping[str, Any]) -> set[str]:
    return flags(given.get("AuthMechanism"), AUTH)


def groups_of(given: Mapping[str, Any]) -> set[str]:
    return flags(given.get("PermissionGroups"), GROUPS)


def ranges_of(given: Mapping[str, Any]) -> list[str]:
    """The remote IP ranges as networks; everything is told as 0.0.0.0/0 and ::/0. Raises Lost, ValueError."""
    return [network_of(one) for one in spaced_items(given.get("RemoteIPRanges"))]


def network_of(said: str) -> str:
    """One range in our form. Raises ValueError."""
    low = said.lower()
    if low in _EVERYTHING:
        return "::/0" if ":" in low else "0.0.0.0/0"
    if "(" in said:  # 10.0.0.0(255.255.255.0), Exchange's way to write a mask
        said = said.replace("(", "/").rstrip(")")
    if "-" in said:
        first, last = (ipaddress.ip_address(part.strip()) for part in said.split("-", 1))
        if first.version != last.version:
            raise ValueError(f"'{said[:90]}' is no range")
        nets: list[Any] = list(ipaddress.summarize_address_range(first, last))
        said = str(nets[0]) if len(nets) == 1 else f"{first}-{last}"
        if "/" not in said:
            return said
    network = ipaddress.ip_network(said, strict=False)
    return str(network.network_address) if network.num_addresses == 1 else str(network)


def is_readable(fields: Mapping[str, Any], given: Mapping[str, Any]) -> bool:
    """Whether it is known whom it serves where; else it takes no other's place."""
    return "remote_ip_ranges" in fields and ("bindings" in fields or "Bindings" not in given)


def is_of_one_server(given: Mapping[str, Any]) -> bool:
    """Whether it only carries mail between the services of Exchange itself."""
    ports = {port for _, port in _bindings(given)}
    hub = text(given.get("TransportRole")).lower() in ("hubtransport", "32")
    return bool(ports) and (ports <= _INTERNAL_PORTS or (hub and ports == {465}))


def _bindings(given: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Those that can be read; of an IPv6 address ConvertTo-Json leaves only the port, and that is what counts here."""
    value = given.get("Bindings")
    found: list[tuple[str, int] | None] = []
    for one in value if isinstance(value, list) else [value]:
        try:
            found += [_endpoint(said) for said in spaced_items(one)]
        except Lost:
            found.append(_endpoint(f"[::]:{one['Port']}") if isinstance(one, Mapping) and "Port" in one else None)
    return [one for one in found if one is not None]


def _endpoint(said: str) -> tuple[str, int] | None:
    match = _BINDING.fullmatch(said)
    try:
        return (str(ipaddress.ip_address(match[1])), int(match[2])) if match is not None else None
    except ValueError:
        return None


def read_receive(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """The fields of a receive connector, each parameter told."""
    fields = {"name": short_name(given)} | apply_table(TABLE, given, _DONE, about)
    fields |= _where(given, about) | _tls(given, about) | _who(given, about)
    if "Enabled" in given:
        fields["is_enabled"] = yes(given["Enabled"]) and fields.get("is_enabled", True)
        about.mapped("Enabled", text(given["Enabled"]))
    if banner := text(given.get("Banner")):
        about.left_out("Banner", banner, "The greeting has its own form here: the name, then text of yours.")
    return fields


def _where(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    bindings = _bindings(given)
    if bindings:
        fields["bindings"] = list(dict.fromkeys(_binding(address, port) for address, port in bindings))
        shown = [f"[{address}]:{port}" if ":" in address else f"{address}:{port}" for address, port in bindings]
        if _has_lost_address(given):
            about.approximated("Bindings", shown, "Of IPv6 addresses only the port is there: it listens on all.")
        elif all(ipaddress.ip_address(address).is_unspecified for address, _ in bindings):
            about.mapped("Bindings", shown)
        else:
            about.approximated(
                "Bindings", shown, "The address is the Exchange server's: it listens on all of the node's."
            )
    elif text(given.get("Bindings")) not in ("", "[]"):
        about.left_out("Bindings", text(given["Bindings"]), UNREADABLE)
        fields["is_enabled"] = False
    try:
        ranges = ranges_of(given)
    except (Lost, ValueError):
        about.left_out(
            "RemoteIPRanges",
            text(given.get("RemoteIPRanges")),
            UNREADABLE,
        )
        fields["is_enabled"] = False
    else:
        fields["remote_ip_ranges"] = list(dict.fromkeys(ranges))
        about.mapped("RemoteIPRanges", ranges)
    return fields


def _has_lost_address(given: Mapping[str, Any]) -> bool:
    try:
        spaced_items(given.get("Bindings"))
    except Lost:
        return True
    return False


def _binding(address: str, port: int) -> str:
    named = {25: "smtp", 587: "submission"}.get(port)
    return named or (f"[::]:{port}" if ":" in address else f"0.0.0.0:{port}")


def _tls(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    auth, is_required = auth_of(given), yes(given.get("RequireTLS", False))
    fields: dict[str, Any] = {"tls_mode": "required" if is_required else "offered" if "Tls" in auth else "none"}
    if "RequireTLS" in given:
        about.mapped("RequireTLS", text(given["RequireTLS"]))
    if is_secure := yes(given.get("DomainSecureEnabled", False)):
        about.approximated(
            "DomainSecureEnabled",
            is_secure,
            "A client certificate is asked of every peer, not only of the domains of TLSReceiveDomainSecureList.",
        )
        fields["is_client_certificate_requested"] = True
    if name := text(given.get("TlsCertificateName")):
        about.left_out("TlsCertificateName", name, "The certificate is chosen by the FQDN; add it under Certificates.")
    return fields


_CLEAR = "Users sign in without TLS too, as they did: passwords can be read on the way."
_AUTH_NOTES = {
    "Integrated": "NTLM and Kerberos are not offered; users sign in with PLAIN or LOGIN over TLS.",
    "ExchangeServer": "X-EXPS is Exchange's own; name its servers by network or certificate where any remain.",
}


def takes_clear(given: Mapping[str, Any]) -> bool:
    """Whether users sign in without TLS too."""
    auth = auth_of(given)
    return "BasicAuth" in auth and "BasicAuthRequireTLS" not in auth


def _auth_mechanism(given: Mapping[str, Any]) -> AuthMechanism:
    """Those who signed in by NTLM can do it over TLS."""
    if takes_clear(given):
        return AuthMechanism.BASIC_AUTH
    is_offered = auth_of(given) & {"BasicAuth", "BasicAuthRequireTLS", "Integrated"}
    return AuthMechanism.BASIC_AUTH_REQUIRE_TLS if is_offered or "AuthMechanism" not in given else AuthMechanism.NONE


def _who(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    for one in sorted(auth_of(given)):
        if note := _AUTH_NOTES.get(one):
            about.left_out("AuthMechanism", one, note)
        elif one == "BasicAuth" and takes_clear(given):
            about.mapped("AuthMechanism", one, _CLEAR)
        elif one == "ExternalAuthoritative":
            about.approximated(
                "AuthMechanism", one, "A relay policy for its remote IP ranges, which bypasses no limit and no filter."
            )
        else:
            about.mapped("AuthMechanism", one)
    kept = []
    for group in sorted(groups_of(given)):
        if group in ("AnonymousUsers", "ExchangeUsers", "Partners"):
            kept.append(group)
            about.mapped("PermissionGroups", group)
        elif group == "Custom":
            continue  # relay.py tells what the rights are, or that they were not given
        else:
            about.left_out(
                "PermissionGroups", group, "There are no Exchange servers to trust: name clients in a relay policy."
            )
    if "ExternalAuthoritative" in auth_of(given) and "AnonymousUsers" not in kept:
        kept.append("AnonymousUsers")
        about.approximated("PermissionGroups", "AnonymousUsers", "Added: its clients do not sign in.")
    return {"permission_groups": kept, "auth_mechanism": _auth_mechanism(given).value}
