"""`Get-SendConnector`: where Exchange sends mail out."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from mailconsole.imports.exchange.parameters import Other, Same, apply_table
from mailconsole.imports.exchange.values import Lost, number, one_of, seconds, size, spaced_items, text, yes
from mailconsole.imports.report import Subject
from transport.config.types import format_duration, format_size

_LOGGING = {"None": 0, "Verbose": 1}
_TLS_LEVELS = {"EncryptionOnly": 1, "CertificateValidation": 2, "DomainValidation": 3}
_AUTH = {"None": 0, "BasicAuth": 2, "BasicAuthRequireTLS": 4, "ExchangeServer": 8, "ExternalAuthoritative": 16}
_DONE = {"AddressSpaces", "SmartHosts", "SmartHostsString", "DNSRoutingEnabled", "TlsAuthLevel", "RequireTLS",
         "IgnoreSTARTTLS", "SmartHostAuthMechanism", "AuthenticationCredential", "SourceIPAddress", "TlsDomain",
         "ErrorPolicies", "IsScopedConnector", "TlsCertificateName", "DomainSecureEnabled"}  # fmt: skip
TABLE: dict[str, Same | Other] = {
    "Enabled": Same("is_enabled", yes),
    "Comment": Same("comment", text),
    "Port": Same("port", number),
    "Fqdn": Same("fqdn", text),
    "ForceHELO": Same("is_helo_forced", yes),
    "MaxMessageSize": Same("max_message_size", size, format_size),
    "ConnectionInactivityTimeOut": Same("connection_inactivity_timeout", seconds, format_duration),
    "SmtpMaxMessagesPerConnection": Same("max_messages_per_connection", number),
    "ProtocolLoggingLevel": Same("protocol_logging_level", lambda value: one_of(value, _LOGGING)),
    "FrontendProxyEnabled": Other("There is one transport service here: it connects itself."),
    "UseExternalDNSServersEnabled": Other("DNS servers are the node's setting."),
    "CloudServicesMailEnabled": Other("Headers of a hybrid organisation are not added."),
    "SourceTransportServers": Other("Exchange's servers are no nodes of ours: choose nodes, or leave it to all.", ()),
    "HomeMTA": Other("It is Exchange's own.", ()),
    "HomeMtaServerId": Other("It is Exchange's own.", ()),
    "SourceRoutingGroup": Other("It is Exchange's own.", ()),
    "IsSmtpConnector": Other("All are.", ("", "true")),
    "ConnectedDomains": Other("Routing groups are Exchange 2003's."),
    "LinkedReceiveConnector": Other("Mail of one receive connector is not bound to a send connector."),
    "ConnectorType": Other("All are of the default type.", ("", "default")),
    "SmtpMaxConnections": Other("Set how many connections at once on the connector's form."),
}
_SPACE = re.compile(r"(?:(\w+):)?([^;\s]+)(?:;(\d+))?")


def read_send(given: Mapping[str, Any], about: Subject) -> dict[str, Any] | None:
    """The fields of a send connector; None where it has no address space for SMTP."""
    fields = {"name": text(given.get("Name"))[:64]} | apply_table(TABLE, given, _DONE, about)
    spaces = _spaces(given, about)
    if not spaces:
        about.left_out("", "", "It serves no SMTP address space that could be read.")
        return None
    fields["address_spaces"] = spaces
    fields |= _next_hops(given, about) | _tls(given, about)
    _credentials(given, about)
    _scope(given, about)
    return fields | _errors(given, about)


def _spaces(given: Mapping[str, Any], about: Subject) -> list[dict[str, Any]]:
    found = []
    for said in _items(given, "AddressSpaces", about):
        match = _SPACE.fullmatch(said)
        if match is None or (match[1] or "SMTP").upper() != "SMTP" or match[2] == "--":
            about.left_out("AddressSpaces", said, "Only SMTP is spoken here." if match and match[2] != "--" else
                           "Name the domains: accepted domains are listed on their own page.")  # fmt: skip
            continue
        found.append({"domain": match[2], "cost": int(match[3] or 1)})
        about.mapped("AddressSpaces", said)
    return found


def _next_hops(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    hosts = _items(given, "SmartHosts", about) or _items(given, "SmartHostsString", about)
    if "DNSRoutingEnabled" in given:
        about.mapped("DNSRoutingEnabled", text(given["DNSRoutingEnabled"]))
    if not hosts:
        return _without_hosts(given, about)
    about.mapped("SmartHosts", hosts)
    return {"smart_hosts": [host if host.startswith("[") or ":" not in host else f"[{host}]" for host in hosts]}


def _without_hosts(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    """By DNS, where that is what it did; else it waits for its smart hosts."""
    is_by_dns = yes(given["DNSRoutingEnabled"]) if "DNSRoutingEnabled" in given else not given.get("SmartHosts")
    if is_by_dns:
        return {}
    about.left_out("SmartHosts", "", "Disabled: they could not be read, and by DNS its mail would go elsewhere.")
    return {"is_enabled": False}


def _items(given: Mapping[str, Any], name: str, about: Subject) -> list[str]:
    try:
        return spaced_items(given.get(name))
    except Lost:
        about.left_out(name, "", "This CSV holds only the type's name: export with Export-Clixml.")
        return []


def _tls(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    level, is_required = one_of(given.get("TlsAuthLevel"), _TLS_LEVELS), yes(given.get("RequireTLS", False))
    fields: dict[str, Any] = {"tls_level": "opportunistic"}
    if yes(given.get("IgnoreSTARTTLS", False)):
        fields["tls_level"] = "none"
        about.mapped("IgnoreSTARTTLS", "True")
    elif level in _TLS_LEVELS:
        fields["tls_level"] = level
        about.mapped("TlsAuthLevel", level)
    elif is_required:
        fields["tls_level"] = "EncryptionOnly"
        about.mapped("RequireTLS", "True")
    if yes(given.get("DomainSecureEnabled", False)):
        about.left_out(
            "DomainSecureEnabled", "True", "Choose DomainValidation and show a client certificate for that domain."
        )
    domain = text(given.get("TlsDomain"))
    if domain and fields["tls_level"] == "DomainValidation":
        fields["tls_domain"] = domain
        about.mapped("TlsDomain", domain)
    elif domain:
        about.left_out("TlsDomain", domain, "A name is compared by DomainValidation only.")
    if name := text(given.get("TlsCertificateName")):
        about.left_out("TlsCertificateName", name, "Add the certificate under Certificates, then choose it here.")
    return fields


def _credentials(given: Mapping[str, Any], about: Subject) -> None:
    mechanism = one_of(given.get("SmartHostAuthMechanism"), _AUTH)
    if mechanism in ("BasicAuth", "BasicAuthRequireTLS"):
        about.left_out(
            "SmartHostAuthMechanism",
            mechanism,
            "No password is imported: enter user name and password on the connector's form, with TLS required.",
        )
    elif mechanism not in ("", "None"):
        about.left_out("SmartHostAuthMechanism", mechanism, "It trusts between Exchange servers only.")


def _scope(given: Mapping[str, Any], about: Subject) -> None:
    if yes(given.get("IsScopedConnector", False)):
        about.left_out("IsScopedConnector", "True", "Sites are Exchange's: choose the nodes that may use it.")
    source = text(given.get("SourceIPAddress"))
    if source not in ("", "0.0.0.0", "::"):
        about.left_out(
            "SourceIPAddress", source, "The address is the Exchange server's: set the node's where it matters."
        )


def _errors(given: Mapping[str, Any], about: Subject) -> dict[str, Any]:
    policies = text(given.get("ErrorPolicies"))
    if "DowngradeDnsFailures" in policies:
        about.mapped("ErrorPolicies", "DowngradeDnsFailures")
        return {"is_dns_failure_downgraded": True}
    if policies not in ("", "Default", "0"):
        about.left_out("ErrorPolicies", policies, "Name the replies to downgrade or upgrade on the connector's form.")
    return {}
